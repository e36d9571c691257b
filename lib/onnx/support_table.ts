/**
 * The support table of the documentation, made from the code.
 *
 * `deno run --allow-read --allow-write --allow-env lib/onnx/support_table.ts` writes it to
 * docs/generated/onnx_kernels.md; a test holds the file to what this makes.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { tfjsKernelNames } from "./_register.ts";
import { replacedGradients } from "./gradients.ts";
import { irVersion, opsetVersion } from "./graph/model_proto.ts";
import { kernelFamilies, kernels } from "./kernels/mod.ts";

/** Where the table stands in the repository. */
export const supportTablePath = new URL(
  "../../docs/generated/onnx_kernels.md",
  import.meta.url,
);

function gradientOf(name: string): string {
  if (replacedGradients.includes(name)) return "own (tfjs's is wrong or wasteful)";
  return tf.getGradient(name) ? "tfjs's" : "none";
}

/** The table as Markdown: kernel, family, gradient; then what is not supported. */
export function supportTable(): string {
  const lines = [
    "# TensorFlow.js kernels in the compiler",
    "",
    "Made by `lib/onnx/support_table.ts` from the kernel tables; do not edit.",
    "",
    `tfjs ${tf.version["tfjs-core"]}, ONNX opset ${opsetVersion}, IR version ${irVersion}. ` +
    `${Object.keys(kernels).length} kernels are translated.`,
    "",
    "| kernel | status | family | gradient |",
    "|---|---|---|---|",
  ];
  const family = new Map<string, string>();
  for (const [label, table] of Object.entries(kernelFamilies)) {
    for (const name of Object.keys(table)) family.set(name, label);
  }
  const missing: string[] = [];
  for (const name of tfjsKernelNames()) {
    const of = family.get(name);
    if (of) lines.push(`| \`${name}\` | supported | ${of} | ${gradientOf(name)} |`);
    else missing.push(name);
  }
  lines.push(
    "",
    "Layers replaced by fused forms while tracing: LSTM, GRU (tanh, gates sigmoid or hardSigmoid, no mask, no recurrent dropout, not stateful), LayerNormalization over the last axis, Activation gelu_new.",
    "",
    "Without a translation; dispatching one throws `UnsupportedOpError`:",
    "",
    missing.map((n) => `\`${n}\``).join(", "),
    "",
  );
  return lines.join("\n");
}

if (import.meta.main) {
  Deno.mkdirSync(new URL(".", supportTablePath), { recursive: true });
  Deno.writeTextFileSync(supportTablePath, supportTable());
}
