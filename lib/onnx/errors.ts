/** Thrown when a function dispatches a kernel that has no ONNX translation. */
export class UnsupportedOpError extends Error {
  /** The tfjs kernel, for instance `FFT`. */
  readonly kernel: string;
  /** The tfjs op that asked for it, for instance `spectral.rfft`; empty when unknown. */
  readonly op: string;
  /** The layer in whose call it happened; empty outside of layers. */
  readonly layer: string;

  constructor(kernel: string, op: string, layer: string, reason = "it has no ONNX translation") {
    const asked = op && op !== kernel ? ` asked for by op "${op}"` : "";
    const where = layer ? ` in layer "${layer}"` : "";
    super(`Cannot trace kernel "${kernel}"${asked}${where}: ${reason}`);
    this.name = "UnsupportedOpError";
    this.kernel = kernel;
    this.op = op;
    this.layer = layer;
  }
}

/** Thrown when a function does something that a recorded graph can't repeat. */
export class TraceError extends Error {
  override name = "TraceError";
}
