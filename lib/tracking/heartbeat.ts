/**
 * Signs of life: Tapebook's server marks a run whose program fell silent. Servers without the route
 * (a plain MLflow) are asked once and then left alone.
 * @module
 */
import { TrackingError } from "./errors.ts";
import { isProvisional } from "./operation.ts";
import type { Session } from "./session.ts";
import type { Transport } from "./transport.ts";

/** Sends a sign for each active run every `everyMs`; the timer does not keep a program alive. */
export class Heartbeat {
  readonly #session: Session;
  readonly #transport: Transport;
  readonly #everyMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #beating: Promise<void> | null = null;

  constructor(session: Session, transport: Transport, everyMs: number) {
    this.#session = session;
    this.#transport = transport;
    this.#everyMs = everyMs;
  }

  start(): void {
    if (this.#timer !== undefined || this.#everyMs <= 0) return;
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), this.#everyMs);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#beating;
  }

  #beat(): void {
    this.#beating ??= this.#beatAll().finally(() => this.#beating = null);
  }

  async #beatAll(): Promise<void> {
    for (const run of [...this.#session.activeRuns]) {
      if (isProvisional(run.id)) continue;
      try {
        await this.#transport.json("POST", `/api/tapebook/v1/runs/${run.id}/heartbeat`, {
          retries: 0,
          timeoutMs: 5_000,
        });
      } catch (error) {
        // Away: the next one. No such route: never again.
        const isMissing = error instanceof TrackingError &&
          [404, 405, 501].includes(error.status) && error.errorCode !== "RESOURCE_DOES_NOT_EXIST";
        if (isMissing) clearInterval(this.#timer);
        return;
      }
    }
  }
}
