/**
 * Metrics, params and tags of one run on their way into log-batch requests.
 * @module
 */
import {
  batchLimits,
  checkKey,
  encodeMetric,
  encodePair,
  paramValueLimit,
  tagValueLimit,
} from "./wire.ts";

/** Collects items as JSON text and cuts them into fragments within the protocol's limits. */
export class BatchBuffer {
  #metrics: string[] = [];
  #params: string[] = [];
  #tags: string[] = [];
  #bytes = 0;
  readonly #jsonKeys = new Map<string, string>();
  readonly #emit: (fragment: string, commutes: boolean) => void;

  /** `emit` gets each full fragment, in order. */
  constructor(emit: (fragment: string, commutes: boolean) => void) {
    this.#emit = emit;
  }

  get isEmpty(): boolean {
    return this.#metrics.length + this.#params.length + this.#tags.length === 0;
  }

  /** @throws {RangeError} If key, step or timestamp is not allowed. */
  addMetric(key: string, value: number, timestamp: number, step: number): void {
    const jsonKey = this.jsonKey(key);
    if (typeof value !== "number") {
      throw new TypeError(
        `Cannot log metric "${key}": value must be a number, got ${typeof value}`,
      );
    }
    if (!Number.isSafeInteger(step)) {
      throw new RangeError(`Cannot log metric "${key}": step must be an integer, got ${step}`);
    }
    if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
      throw new RangeError(
        `Cannot log metric "${key}": timestamp must be whole milliseconds since 1970, got ${timestamp}`,
      );
    }
    const text = encodeMetric(jsonKey, value, timestamp, step);
    this.#room(text.length, this.#metrics.length >= batchLimits.metrics);
    this.#metrics.push(text);
  }

  addParam(key: string, value: string): void {
    checkKey("param", key);
    if (value.length > paramValueLimit) {
      throw new RangeError(
        `Cannot log param "${key}": value must have at most ${paramValueLimit} characters, got ${value.length}`,
      );
    }
    const text = encodePair(key, value);
    this.#room(3 * text.length, this.#params.length >= batchLimits.params);
    this.#params.push(text);
  }

  addTag(key: string, value: string): void {
    checkKey("tag", key);
    if (value.length > tagValueLimit) {
      throw new RangeError(
        `Cannot set tag "${key}": value must have at most ${tagValueLimit} characters, got ${value.length}`,
      );
    }
    const text = encodePair(key, value);
    this.#room(3 * text.length, this.#tags.length >= batchLimits.tags);
    this.#tags.push(text);
  }

  /** The key as JSON, checked once. */
  jsonKey(key: string): string {
    let json = this.#jsonKeys.get(key);
    if (json === undefined) {
      checkKey("metric", key);
      this.#jsonKeys.set(key, json = JSON.stringify(key));
    }
    return json;
  }

  /** Sends off what is there. */
  cut(): void {
    if (this.isEmpty) return;
    const members: string[] = [];
    if (this.#metrics.length > 0) members.push(`"metrics":[${this.#metrics.join(",")}]`);
    if (this.#params.length > 0) members.push(`"params":[${this.#params.join(",")}]`);
    if (this.#tags.length > 0) members.push(`"tags":[${this.#tags.join(",")}]`);
    const commutes = this.#params.length === 0 && this.#tags.length === 0;
    this.#metrics = [];
    this.#params = [];
    this.#tags = [];
    this.#bytes = 0;
    this.#emit(members.join(","), commutes);
  }

  /** Cuts first where `bytes` more, or one more item, would not fit. */
  #room(bytes: number, isKindFull: boolean): void {
    const items = this.#metrics.length + this.#params.length + this.#tags.length;
    if (isKindFull || items >= batchLimits.total || this.#bytes + bytes + 64 > batchLimits.bytes) {
      this.cut();
    }
    this.#bytes += bytes + 1;
  }
}
