/** Why a source did not answer as asked. */
export type SourceFault =
  | "bad-credentials"
  | "unknown-symbol"
  | "rate-limited"
  | "schema-changed"
  | "timeout"
  | "unavailable"
  | "unsupported"
  | "bad-request";

/** A source's failure; the message carries no credential. */
export class SourceError extends Error {
  override readonly name = "SourceError";

  constructor(
    readonly fault: SourceFault,
    readonly source: string,
    message: string,
    readonly details: { status?: number; symbol?: string; field?: string } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
