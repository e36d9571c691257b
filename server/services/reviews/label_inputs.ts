/** How a reviewer's question is answered: the inputs that MLflow's label schemas know. @module */
import { invalid } from "../../errors.ts";
import { pythonRepr } from "../validation.ts";
import { lengthOf } from "./_limits.ts";

/** Exactly one of these, as MLflow's message has it. */
export interface LabelInput {
  pass_fail?: { positive_label?: string; negative_label?: string };
  categorical?: { options?: string[]; multi_select?: boolean };
  numeric?: { min_value?: number; max_value?: number };
  text?: { max_length?: number };
}

type Variant = keyof LabelInput;

const classes: Record<Variant, string> = {
  pass_fail: "InputPassFail",
  categorical: "InputCategorical",
  numeric: "InputNumeric",
  text: "InputText",
};
const variants = Object.keys(classes) as Variant[];
const most = { label: 64, options: 10 };

export function variantOf(input: LabelInput | undefined): Variant {
  const set = variants.filter((name) => input?.[name] !== undefined);
  if (set.length === 1) return set[0];
  throw invalid(
    "Label schema `input` must have exactly one of `pass_fail`, `categorical`, `numeric`, or " +
      `\`text\` set; got ${set.length === 0 ? "an empty oneof" : set.join(" and ")}.`,
  );
}

function checkPassFail(labels: NonNullable<LabelInput["pass_fail"]>): void {
  const { positive_label = "", negative_label = "" } = labels;
  for (const [name, label] of Object.entries({ positive_label, negative_label })) {
    if (label === "") {
      throw invalid(`\`InputPassFail.${name}\` must be a non-empty string; got ''.`);
    }
    if (lengthOf(label) > most.label) {
      throw invalid(
        `\`InputPassFail.${name}\` must be at most ${most.label} characters; ` +
          `got ${lengthOf(label)}.`,
      );
    }
  }
  if (positive_label === negative_label) {
    throw invalid(
      "`InputPassFail.positive_label` and `negative_label` must be distinct; " +
        `got ${pythonRepr(positive_label)} for both.`,
    );
  }
}

function checkOptions(options: readonly string[]): void {
  if (options.length === 0) {
    throw invalid("`InputCategorical.options` must be a non-empty list; got [].");
  }
  if (options.length > most.options) {
    throw invalid(
      `\`InputCategorical.options\` must have at most ${most.options} entries; ` +
        `got ${options.length}.`,
    );
  }
  options.forEach((option, i) => {
    if (option === "") {
      throw invalid("`InputCategorical.options` entries must be non-empty strings; got ''.");
    }
    if (lengthOf(option) > most.label) {
      throw invalid(
        `\`InputCategorical.options\` entries must be at most ${most.label} characters; ` +
          `got ${lengthOf(option)} for ${pythonRepr(option)}.`,
      );
    }
    if (options.indexOf(option) < i) {
      throw invalid(
        `\`InputCategorical.options\` must be deduplicated; ${pythonRepr(option)} appears twice.`,
      );
    }
  });
}

/** A double as Python writes it. */
const float = (value: number) => Number.isInteger(value) ? value.toFixed(1) : String(value);

/** The input with its defaults, as it is kept. */
export function checkedInput(input: LabelInput | undefined): LabelInput {
  const variant = variantOf(input);
  const given = input!;
  switch (variant) {
    case "pass_fail":
      checkPassFail(given.pass_fail!);
      return { pass_fail: given.pass_fail };
    case "categorical": {
      const { options = [], multi_select = false } = given.categorical!;
      checkOptions(options);
      return { categorical: { options, multi_select } };
    }
    case "numeric": {
      const { min_value, max_value } = given.numeric!;
      for (const [name, value] of Object.entries({ min_value, max_value })) {
        if (value !== undefined && !Number.isFinite(value)) {
          throw invalid(`\`InputNumeric.${name}\` must be a finite number; got ${value}.`);
        }
      }
      if (min_value !== undefined && max_value !== undefined && min_value >= max_value) {
        throw invalid(
          "`InputNumeric.min_value` must be strictly less than `max_value`; " +
            `got min=${float(min_value)}, max=${float(max_value)}.`,
        );
      }
      return { numeric: given.numeric };
    }
    case "text": {
      const { max_length } = given.text!;
      if (max_length !== undefined && max_length < 1) {
        throw invalid(`\`InputText.max_length\` must be at least 1; got ${max_length}.`);
      }
      return { text: given.text };
    }
  }
}

/** Refuses another kind of answer than the ones given so far. */
export function checkSameKind(before: LabelInput, after: LabelInput): void {
  const [was, is] = [variantOf(before), variantOf(after)];
  if (was !== is) {
    throw invalid(
      "A label schema's input type cannot be changed after creation " +
        `(existing: ${classes[was]}, got: ${classes[is]}).`,
    );
  }
  if (before.categorical?.multi_select !== after.categorical?.multi_select) {
    throw invalid("`InputCategorical.multi_select` cannot be changed after creation.");
  }
}
