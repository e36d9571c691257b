/** A form that asks the deployed model over the Open Inference Protocol and shows its answer. @module */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { request } from "../api.ts";
import { formatLatency, formatNumber } from "../models/format.ts";
import {
  makeFields,
  nest,
  readFields,
  shapeOf,
  type TensorField,
  type TensorSpec,
  writeNested,
  writeShape,
} from "../models/tensor_form.ts";
import { Icon } from "./Icon.tsx";
import { Badge, Card, Note, Segmented } from "./parts.tsx";

interface Answer {
  version: string;
  outputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[];
  /** The whole round trip as the browser saw it. */
  ms: number;
}

function NumberFields(
  { field, onChange }: { field: TensorField; onChange: (field: TensorField) => void },
) {
  return (
    <div class="number-fields">
      {field.labels.map((label, i) => (
        <label class="field" key={label}>
          <span class="truncate" title={label}>{label}</span>
          <input
            class="input num"
            inputMode="decimal"
            value={field.values[i]}
            data-testid={`input-${field.spec.name}-${i}`}
            onInput={(event) => {
              const values = [...field.values];
              values[i] = event.currentTarget.value;
              onChange({ ...field, values });
            }}
          />
        </label>
      ))}
    </div>
  );
}

function InputField(
  { field, featureNames, onChange }: {
    field: TensorField;
    featureNames: readonly string[];
    onChange: (field: TensorField) => void;
  },
) {
  const columns = field.spec.shape.at(-1) === featureNames.length ? featureNames : [];
  const { spec } = field;
  const canBeNumbers = field.labels.length <= 24 && spec.datatype !== "BYTES" &&
    spec.datatype !== "BOOL";
  return (
    <fieldset class="tensor">
      <legend>
        <strong>{spec.name}</strong>
        <code class="faint">{spec.datatype} {writeShape(spec.shape)}</code>
      </legend>
      {columns.length > 0 && field.kind === "json" && (
        <p class="faint">
          Along the last axis: <span data-testid="feature-names">{columns.join(", ")}</span>
        </p>
      )}
      {canBeNumbers && (
        <Segmented
          id={`mode-${spec.name}`}
          label="How to write it"
          value={field.kind}
          options={[{ value: "numbers", label: "Fields" }, { value: "json", label: "JSON" }]}
          onChange={(kind) => onChange({ ...field, kind })}
        />
      )}
      {field.kind === "numbers" ? <NumberFields field={field} onChange={onChange} /> : (
        <textarea
          class="textarea code"
          rows={Math.min(14, Math.max(3, field.json.split("\n").length))}
          spellcheck={false}
          aria-label={`${spec.name} as JSON`}
          value={field.json}
          data-testid={`input-${spec.name}`}
          onInput={(event) => onChange({ ...field, json: event.currentTarget.value })}
        />
      )}
    </fieldset>
  );
}

/** A single number stands large; tensors stand as JSON. */
function AnswerView({ answer }: { answer: Answer }) {
  return (
    <div class="answer" data-testid="answer">
      <div class="chips">
        <Badge tone="good">version {answer.version}</Badge>
        <Badge id="answer-latency">{formatLatency(answer.ms)} round trip</Badge>
      </div>
      {answer.outputs.map((output) => (
        <div key={output.name}>
          <div class="muted">
            {output.name} <code class="faint">{output.datatype} {writeShape(output.shape)}</code>
          </div>
          {output.data.length === 1 && typeof output.data[0] === "number"
            ? (
              <div
                class="answer-number num"
                title={String(output.data[0])}
                data-testid="answer-value"
              >
                {formatNumber(output.data[0])}
              </div>
            )
            : (
              <pre class="block" data-testid="answer-value">
                {writeNested(nest(output.data, output.shape))}
              </pre>
            )}
        </div>
      ))}
    </div>
  );
}

export function AskModel(
  { model, inputs, example, featureNames, onAnswered }: {
    model: string;
    inputs: readonly TensorSpec[];
    example: Record<string, unknown> | null;
    featureNames: readonly string[];
    onAnswered: () => void;
  },
) {
  const initial = useMemo(() => makeFields(inputs, example, featureNames), [model]);
  const fields = useSignal(initial);
  const answer = useSignal<Answer | null>(null);
  const failure = useSignal<string | null>(null);
  const isAsking = useSignal(false);
  const ask = async () => {
    isAsking.value = true;
    failure.value = null;
    const started = performance.now();
    try {
      const body = JSON.stringify({ inputs: readFields(fields.value) });
      const reply = await request(`/v2/models/${encodeURIComponent(model)}/infer`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
      });
      const { model_version, outputs } = await reply.json();
      answer.value = { version: model_version, outputs, ms: performance.now() - started };
      onAnswered();
    } catch (error) {
      failure.value = (error as Error).message;
      answer.value = null;
    } finally {
      isAsking.value = false;
    }
  };
  const rows = fields.value[0]?.kind === "json" ? shapeOf(example?.[inputs[0].name])[0] : 1;
  return (
    <Card
      title="Ask the model"
      id="ask"
      tools={
        <button
          type="button"
          class="button small"
          disabled={example === null}
          title={example
            ? "The input the model was registered with"
            : "It was registered without one"}
          data-testid="use-example"
          onClick={() => fields.value = makeFields(inputs, example, featureNames)}
        >
          Input example
        </button>
      }
    >
      <form
        class="columns even"
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <div class="stack">
          {fields.value.map((field, i) => (
            <InputField
              key={field.spec.name}
              field={field}
              featureNames={featureNames}
              onChange={(next) =>
                fields.value = fields.value.map((old, at) => at === i ? next : old)}
            />
          ))}
          <div>
            <button
              type="submit"
              class="button primary"
              disabled={isAsking.value}
              data-testid="predict"
            >
              <Icon name="play" size={14} /> Predict{rows && rows > 1 ? ` ${rows} rows` : ""}
            </button>
          </div>
        </div>
        <div class="answer-box" aria-live="polite">
          {failure.value
            ? <Note tone="bad" id="predict-error">{failure.value}</Note>
            : answer.value
            ? <AnswerView answer={answer.value} />
            : <p class="faint">The answer appears here.</p>}
        </div>
      </form>
    </Card>
  );
}
