/**
 * Training that can't go on.
 * @module
 */

/** Training broke off: where, and at which learning rate. Epochs and batches count from 0. */
export class TrainingError extends Error {
  override name = "TrainingError";
  readonly epoch: number;
  readonly batch: number;
  readonly learningRate: number;

  constructor(
    message: string,
    at: { epoch: number; batch: number; learningRate: number },
  ) {
    super(message);
    this.epoch = at.epoch;
    this.batch = at.batch;
    this.learningRate = at.learningRate;
  }
}
