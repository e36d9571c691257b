/**
 * A store of studies on a Tapebook server: many workers on many machines share one study.
 *
 * Values and reports are sent in the background; claiming and ending a trial wait for the server.
 * While the server is away, requests are repeated; a trial whose lease ran out meanwhile is left to
 * whoever got it.
 * @module
 */
import type { ParamValue } from "../distributions.ts";
import { LeaseLostError, StudyStoreError } from "../errors.ts";
import { emptyTrial, type FrozenTrial, isFinished, type JsonValue } from "../trial_record.ts";
import { bodyToJson, studySpecSchema, trialFromJson, trialToJson, wireNumber } from "../wire.ts";
import {
  type ClaimOptions,
  fixedParamsKey,
  type StudyLink,
  type StudySpec,
  type StudyStore,
  TrialTable,
} from "./store.ts";
import { Client, type ClientOptions, Refusal, sleep } from "./http_client.ts";

export interface HttpStoreOptions extends ClientOptions {
  /** How long a trial is kept for a worker that is not heard of. Default 60,000. */
  leaseMs?: number;
  /** Longest delay of reports and values. Default 250. */
  flushMs?: number;
  /** Shown beside the trial. Default host and process id. */
  worker?: string;
  /** Experiment of the study's run; null keeps no runs. Default "Studies". */
  experiment?: string | null;
  /** How often a trial may be begun before it counts as failed. Default 3. */
  maxAttempts?: number;
}

function defaultWorker(): string {
  try {
    return `${Deno.hostname()}:${Deno.pid}`;
  } catch {
    return `worker:${crypto.randomUUID().slice(0, 8)}`;
  }
}

interface Changes {
  trials: unknown[];
  revision: number;
  more: boolean;
}

/** What this worker knows about a trial that it holds. */
interface Held {
  trial: FrozenTrial;
  leaseId: string;
  sent: Map<number, number>;
  isDirty: boolean;
  lost: AbortController;
  sending: Promise<void> | null;
}

class HttpLink implements StudyLink {
  readonly synchronous = false;
  readonly table: TrialTable;
  #revision = 0;
  readonly #held = new Map<number, Held>();
  readonly #path: string;
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #heartTimer: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly spec: StudySpec,
    readonly client: Client,
    readonly options: Required<Pick<HttpStoreOptions, "leaseMs" | "flushMs" | "worker">>,
  ) {
    this.table = new TrialTable(spec);
    this.#path = `/${encodeURIComponent(spec.name)}`;
  }

  async claim(options: ClaimOptions = {}): Promise<FrozenTrial | null> {
    const leaseId = crypto.randomUUID();
    for (let waited = 0;; waited++) {
      const answer = await this.client.send<
        { trial: unknown; leaseId: string | null; running: number; changes: Changes }
      >("POST", `${this.#path}/claim`, {
        worker: this.options.worker,
        leaseMs: this.options.leaseMs,
        leaseId,
        after: this.#revision,
        ...(options.limit !== undefined ? { limit: options.limit } : {}),
      }, options.signal);
      this.#apply(answer.changes);
      if (answer.changes.more) await this.refresh();
      if (answer.trial) {
        const trial = trialFromJson(answer.trial);
        this.table.trials[trial.number] = trial;
        this.#held.set(trial.number, {
          trial,
          leaseId,
          sent: new Map(trial.intermediate),
          isDirty: false,
          lost: new AbortController(),
          sending: null,
        });
        this.#heartTimer ??= setInterval(() => void this.#beat(), this.options.leaseMs / 3);
        return trial;
      }
      // Others still run trials that may come back if their worker is lost.
      if (answer.running === 0 || options.signal?.aborted) return null;
      await sleep(Math.min(2000, 100 * 1.5 ** waited), options.signal);
    }
  }

  joinArguments(): string[] {
    return ["--study", this.spec.name, "--url", this.client.address];
  }

  lostSignal(trial: FrozenTrial): AbortSignal | undefined {
    return this.#held.get(trial.number)?.lost.signal;
  }

  changed(trial: FrozenTrial): void {
    const held = this.#held.get(trial.number);
    if (!held) return;
    held.isDirty = true;
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      void this.#flushAll();
    }, this.options.flushMs);
  }

  async #flushAll(): Promise<void> {
    await Promise.all([...this.#held.values()].filter((h) => h.isDirty).map((h) => this.#send(h)));
  }

  /** Heartbeats of trials that have nothing to say. */
  async #beat(): Promise<void> {
    await Promise.all([...this.#held.values()].map((h) => this.#send(h)));
  }

  #newReports(held: Held): [number, number | string][] {
    const reports: [number, number | string][] = [];
    for (const [step, value] of held.trial.intermediate) {
      if (!Object.is(held.sent.get(step), value)) {
        reports.push([step, wireNumber(value)]);
        held.sent.set(step, value);
      }
    }
    return reports;
  }

  #send(held: Held, checkpoint?: JsonValue): Promise<void> {
    const before = held.sending ?? Promise.resolve();
    const sending = before.then(async () => {
      if (this.#held.get(held.trial.number) !== held) return;
      const isDirty = held.isDirty;
      held.isDirty = false;
      try {
        const changes = await this.client.send<Changes>(
          "PATCH",
          `${this.#path}/trials/${held.trial.number}`,
          {
            leaseId: held.leaseId,
            leaseMs: this.options.leaseMs,
            after: this.#revision,
            ...(isDirty ? { body: bodyToJson(held.trial), reports: this.#newReports(held) } : {}),
            ...(checkpoint !== undefined ? { checkpoint: { data: checkpoint } } : {}),
          },
          held.lost.signal,
        );
        this.#apply(changes);
      } catch (error) {
        // A refusal other than a lost lease shows again when the trial ends, where it is thrown.
        if (error instanceof Refusal && error.status === 409) this.#lose(held);
      } finally {
        if (held.sending === sending) held.sending = null;
      }
    });
    return held.sending = sending;
  }

  #lose(held: Held): void {
    this.#drop(held);
    held.lost.abort(new LeaseLostError(held.trial.number));
  }

  #drop(held: Held): void {
    this.#held.delete(held.trial.number);
    if (this.#held.size > 0) return;
    clearInterval(this.#heartTimer);
    this.#heartTimer = undefined;
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
  }

  async finish(trial: FrozenTrial): Promise<void> {
    const held = this.#held.get(trial.number);
    if (!held) throw new LeaseLostError(trial.number);
    await held.sending;
    if (this.#held.get(trial.number) !== held) throw new LeaseLostError(trial.number);
    try {
      await this.client.send("POST", `${this.#path}/trials/${trial.number}/finish`, {
        leaseId: held.leaseId,
        state: trial.state,
        body: bodyToJson(trial),
        reports: this.#newReports(held),
      });
    } catch (error) {
      if (error instanceof Refusal && error.status === 409) {
        throw new LeaseLostError(trial.number);
      }
      throw error;
    } finally {
      this.#drop(held);
    }
  }

  async release(trial: FrozenTrial): Promise<void> {
    const held = this.#held.get(trial.number);
    if (!held) return;
    await held.sending;
    this.#drop(held);
    await this.client.send("POST", `${this.#path}/trials/${trial.number}/release`, {
      leaseId: held.leaseId,
    }).catch((error) => {
      if (!(error instanceof Refusal && error.status === 409)) throw error;
    });
  }

  async saveCheckpoint(trial: FrozenTrial, checkpoint: JsonValue): Promise<void> {
    const held = this.#held.get(trial.number);
    if (!held) throw new LeaseLostError(trial.number);
    held.isDirty = true;
    await this.#send(held, checkpoint);
    if (held.lost.signal.aborted) throw new LeaseLostError(trial.number);
  }

  async enqueue(
    params: Record<string, ParamValue>,
    userAttrs: Record<string, JsonValue>,
  ): Promise<void> {
    await this.add({
      ...emptyTrial(0),
      userAttrs,
      systemAttrs: { [fixedParamsKey]: params as JsonValue },
    });
  }

  async add(trial: FrozenTrial): Promise<void> {
    await this.client.send("POST", `${this.#path}/trials`, trialToJson(trial));
    await this.refresh();
  }

  async refresh(): Promise<void> {
    for (;;) {
      const changes = await this.client.send<Changes>(
        "GET",
        `${this.#path}/trials?after=${this.#revision}&limit=5000`,
      );
      this.#apply(changes);
      if (!changes.more) return;
    }
  }

  #apply(changes: Changes): void {
    for (const json of changes.trials) {
      const trial = trialFromJson(json);
      const known = this.table.trials[trial.number];
      const held = this.#held.get(trial.number);
      // What this worker runs, it knows better than the server.
      if (held && held.trial.attempt === trial.attempt && !isFinished(trial.state)) continue;
      if (known && isFinished(known.state) && !isFinished(trial.state)) continue;
      this.table.put(trial);
    }
    this.#revision = Math.max(this.#revision, changes.revision);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held.values()].map((h) => h.sending));
    for (const held of [...this.#held.values()]) this.#drop(held);
  }
}

/**
 * Studies on a server.
 *
 * ```ts ignore
 * const study = createStudy({ name: "sma", store: httpStore({ url: "http://127.0.0.1:5000" }) });
 * await study.optimize(objective, { trials: 100 });
 * ```
 */
export function httpStore(options: HttpStoreOptions = {}): StudyStore {
  const client = new Client(options);
  return {
    kind: "http",
    async open(spec, ifExists) {
      try {
        const state = await client.send<{ spec: unknown }>("POST", "", {
          spec,
          ifExists,
          ...(options.experiment !== undefined ? { experiment: options.experiment } : {}),
          ...(options.maxAttempts !== undefined ? { maxAttempts: options.maxAttempts } : {}),
        });
        const link = new HttpLink(studySpecSchema.parse(state.spec), client, {
          leaseMs: options.leaseMs ?? 60_000,
          flushMs: options.flushMs ?? 250,
          worker: options.worker ?? defaultWorker(),
        });
        await link.refresh();
        return link;
      } catch (error) {
        if (error instanceof Refusal) throw new StudyStoreError(error.message, { cause: error });
        throw error;
      }
    },
  };
}

/** What a store says about a study that was created elsewhere. @throws {StudyStoreError} */
export async function readStudySpec(
  name: string,
  options: HttpStoreOptions = {},
): Promise<StudySpec> {
  try {
    const state = await new Client(options).send<{ spec: unknown }>(
      "GET",
      `/${encodeURIComponent(name)}`,
    );
    return studySpecSchema.parse(state.spec);
  } catch (error) {
    if (error instanceof Refusal) throw new StudyStoreError(error.message, { cause: error });
    throw error;
  }
}
