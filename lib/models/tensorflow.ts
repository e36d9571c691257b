/**
 * TensorFlow.js, loaded when the first model is made rather than when the room is imported.
 * @module
 */
import type * as tfTypes from "@tensorflow/tfjs";

/** The TensorFlow.js module. */
export type Tf = typeof tfTypes;
export type { tfTypes as tf };

let loaded: Promise<Tf> | undefined;

/** TensorFlow.js with a backend set: the one that is active, or `cpu` where none was chosen yet. */
export function loadTf(): Promise<Tf> {
  return loaded ??= (async () => {
    const tf = await import("@tensorflow/tfjs") as unknown as Tf;
    // Without this, the first tensor prints a banner that advertises another package.
    tf.enableProdMode();
    // A browser's WebGL backend registers itself and would be tried first, in vain.
    if (!tf.getBackend()) await tf.setBackend("cpu");
    await tf.ready();
    return tf;
  })();
}

/** Whether the compiler is recording a graph just now, rather than a backend computing. */
export function isTracing(tf: Tf): boolean {
  return tf.getBackend() === "tapebook-trace";
}
