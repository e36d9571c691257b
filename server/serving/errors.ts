/** What the serving endpoint refuses, with the HTTP status the refusal is answered with. @module */

/** A refused scoring request; each protocol puts `message` into its own shape of error. */
export class ServingError extends Error {
  override readonly name = "ServingError";
  constructor(readonly status: 400 | 404 | 413 | 415 | 500 | 503, message: string) {
    super(message);
  }
}

export const badRequest = (message: string) => new ServingError(400, message);
