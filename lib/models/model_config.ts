/**
 * What every model's configuration shares: shapes of input and output, heads, seed.
 * @module
 */
import { z } from "zod";

/** One output of a model: what it predicts and with how many units. */
export const headSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("classification"),
    name: z.string().min(1),
    classes: z.int().min(2),
    weight: z.number().positive().default(1),
  }),
  z.strictObject({
    kind: z.literal("binary"),
    name: z.string().min(1),
    weight: z.number().positive().default(1),
  }),
  z.strictObject({
    kind: z.literal("regression"),
    name: z.string().min(1),
    outputs: z.int().min(1).default(1),
    weight: z.number().positive().default(1),
  }),
  z.strictObject({
    kind: z.literal("position"),
    name: z.string().min(1),
    outputs: z.int().min(1).default(1),
    weight: z.number().positive().default(1),
  }),
]);

/**
 * A head: `classification` ends in a softmax over its classes, `binary` in one sigmoid, `regression`
 * in plain values, `position` in tanh (a target position in [-1, 1]).
 */
export type Head = z.infer<typeof headSchema>;

/** Fields that every kind of model has. */
export const commonFields = {
  /** Bars per window. */
  windowBars: z.int().min(1),
  /** Features per bar. */
  features: z.int().min(1),
  /** Units of the only output; classes when `task` is `classification`. */
  outputs: z.int().min(1).default(1),
  task: z.enum(["regression", "classification", "binary", "position"]).default("regression"),
  /** Several outputs at once; replaces `outputs` and `task`. */
  heads: z.array(headSchema).min(1).optional(),
  /** Share of hidden values dropped in training. */
  dropout: z.number().min(0).max(0.95).default(0),
  /** Seed of the initial weights. */
  seed: z.int().min(0).default(0),
  dtype: z.literal("float32").default("float32"),
};

export const activationSchema = z.enum(["relu", "tanh", "sigmoid", "swish", "elu", "gelu"]);

/** One layer's width, or one width per layer. */
export const widthsSchema = z.union([z.int().min(1), z.array(z.int().min(1)).min(1)]);

/** Widths of each layer from a width (or widths) and a number of layers. */
export function layerWidths(widths: number | number[], layers: number): number[] {
  return Array.isArray(widths) ? widths : new Array<number>(layers).fill(widths);
}

/** Fields as every builder sees them. */
export interface CommonConfig {
  windowBars: number;
  features: number;
  outputs: number;
  task: "regression" | "classification" | "binary" | "position";
  heads?: Head[];
  dropout: number;
  seed: number;
  dtype: "float32";
}

/** The heads of a configuration: the ones given, or the one that `outputs` and `task` describe. */
export function headsOf(config: CommonConfig): Head[] {
  if (config.heads) {
    const names = new Set<string>();
    for (const head of config.heads) {
      if (names.has(head.name)) {
        throw new RangeError(
          `Cannot create model: heads must have different names, got ${head.name} twice`,
        );
      }
      names.add(head.name);
    }
    return config.heads;
  }
  switch (config.task) {
    case "classification":
      if (config.outputs < 2) {
        throw new RangeError(
          `Cannot create model: outputs must be at least 2 classes for task classification, got ${config.outputs}`,
        );
      }
      return [{ kind: "classification", name: "output", classes: config.outputs, weight: 1 }];
    case "binary":
      if (config.outputs !== 1) {
        throw new RangeError(
          `Cannot create model: outputs must be 1 for task binary, got ${config.outputs}`,
        );
      }
      return [{ kind: "binary", name: "output", weight: 1 }];
    default:
      return [{ kind: config.task, name: "output", outputs: config.outputs, weight: 1 }];
  }
}

/** Units that a head takes of the last layer. */
export function headUnits(head: Head): number {
  if (head.kind === "classification") return head.classes;
  return head.kind === "binary" ? 1 : head.outputs;
}

/** Columns of `y` that a head's labels take: class indices take one. */
export function headTargets(head: Head): number {
  return head.kind === "regression" || head.kind === "position" ? head.outputs : 1;
}

/** Parses a configuration; errors name the field, what is allowed and the value. */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  value: unknown,
  action: string,
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = deepest(result.error.issues[0]);
  const got = issue.path.reduce<unknown>(
    (v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const field = issue.path.join(".") || "configuration";
  const allowed = issue.code === "unrecognized_keys"
    ? `without unknown fields (${(issue as { keys: string[] }).keys.join(", ")})`
    : issue.message.replace(/^Invalid input: expected /, "").replace(
      /^(Too small|Too big|Invalid option): expected /,
      "",
    ).replace(/^(one of|string|number|int|array) to be /, "").replace(/, received .*$/, "");
  const shown = issue.code === "unrecognized_keys"
    ? (issue as { keys: string[] }).keys.map((k) =>
      JSON.stringify((got as Record<string, unknown>)?.[k])
    ).join(", ")
    : typeof got === "object" && got !== null
    ? JSON.stringify(got)
    : String(got);
  throw new RangeError(`Cannot ${action}: ${field} must be ${allowed}, got ${shown}`);
}

// A union reports the issues of each of its members: the one that came furthest says most.
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  let best = issue as z.core.$ZodIssue;
  for (const member of (issue as { errors: z.core.$ZodIssue[][] }).errors) {
    for (const inner of member) {
      if (inner.path.length > 0 || best === issue) {
        best = { ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue;
      }
    }
  }
  return best;
}
