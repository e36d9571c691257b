/**
 * Population based training: members train side by side; after each interval the worst copy the
 * checkpoint and the hyperparameters of the best and perturb them.
 *
 * @see Jaderberg et al. 2017, arXiv:1711.09846
 * @module
 */
import { createRng, type Rng } from "../math/mod.ts";
import {
  cardinality,
  type Distribution,
  fromSearchSpace,
  type ParamValue,
  searchBounds,
  toExternal,
  toSearchSpace,
} from "./distributions.ts";
import { type Parameter, spaceDistributions, type SpaceValues } from "./space.ts";
import { MemberProcesses, type MemberProcessesOptions } from "./executors/member_processes.ts";
import { drawUniform } from "./samplers/random.ts";
import type { Direction } from "./trial_record.ts";

type Space = Record<string, Parameter<unknown>>;

/** Trains one member from its checkpoint. */
export type TrainMember<S extends Space, Checkpoint> = (
  step: MemberStep<S, Checkpoint>,
) =>
  | Promise<{ value: number; checkpoint: Checkpoint }>
  | { value: number; checkpoint: Checkpoint };

/** What a member is asked to do in one interval. */
export interface MemberStep<S extends Space, Checkpoint> {
  member: number;
  interval: number;
  params: SpaceValues<S>;
  /** Where the member (or the one it copied) stopped; null in the first interval. */
  checkpoint: Checkpoint | null;
  signal?: AbortSignal;
}

export interface PopulationOptions<S extends Space, Checkpoint> {
  space: S;
  direction: Direction;
  /** Members. Default 8. */
  population?: number;
  /** Training intervals. Default 10. */
  intervals?: number;
  /** Share of the members that is replaced, and that is copied from. Default 0.25. */
  truncation?: number;
  /** Chance that a parameter is drawn anew instead of perturbed. Default 0.25. */
  resampleProbability?: number;
  /** Factors of a perturbation on a number. Default [0.8, 1.2]. */
  factors?: [number, number];
  seed?: number;
  /** Members that train at once. Default 1. */
  workers?: number;
  /**
   * Trains one member for one interval. As `path/to/module.ts#function` it runs in processes of its
   * own, `workers` at once; params and checkpoints are JSON then, and a step whose process crashes is
   * taken up again from its checkpoint.
   */
  train: TrainMember<S, Checkpoint> | string;
  /** For `train` in processes: how they are started, and how often anew. */
  processes?: Omit<MemberProcessesOptions, "workers">;
  /** After each interval of each member. */
  onStep?: (entry: HistoryEntry<S>) => void;
  signal?: AbortSignal;
}

export interface HistoryEntry<S extends Space> {
  member: number;
  interval: number;
  params: SpaceValues<S>;
  value: number;
  /** The member whose checkpoint was copied before this interval; null for its own. */
  copiedFrom: number | null;
}

export interface PopulationResult<S extends Space, Checkpoint> {
  best: { member: number; value: number; params: SpaceValues<S>; checkpoint: Checkpoint };
  /** Every interval of every member: the schedule of the winner can be read from it. */
  history: HistoryEntry<S>[];
}

interface Member<Checkpoint> {
  internal: Map<string, number>;
  checkpoint: Checkpoint | null;
  value: number;
  copiedFrom: number | null;
}

/** A neighbour of a value: scaled for numbers, next door for short grids and choices. */
export function perturb(
  d: Distribution,
  internal: number,
  factors: [number, number],
  rng: Rng,
): number {
  const factor = factors[rng.integer(2)];
  if (d.kind === "categorical") return drawUniform(d, rng);
  if (d.step !== null && cardinality(d) <= 10) {
    const next = internal + (factor > 1 ? 1 : -1) * d.step;
    return Math.min(d.high, Math.max(d.low, next));
  }
  const { low, high } = searchBounds(d);
  if (d.log || internal !== 0) {
    return fromSearchSpace(d, Math.min(high, Math.max(low, toSearchSpace(d, internal * factor))));
  }
  return fromSearchSpace(d, internal + (factor - 1) * (high - low) * 0.1);
}

/**
 * Trains a population.
 *
 * @throws {RangeError} If a count or share is out of range, or a member's value is NaN.
 */
export async function trainPopulation<S extends Space, Checkpoint>(
  options: PopulationOptions<S, Checkpoint>,
): Promise<PopulationResult<S, Checkpoint>> {
  const { train } = options;
  if (typeof train !== "string") return await evolve(options, train);
  const processes = new MemberProcesses(train, {
    ...options.processes,
    workers: options.workers ?? 1,
  });
  try {
    return await evolve(
      options,
      async ({ member, interval, params, checkpoint }) =>
        await processes.train({ member, interval, params: params as never, checkpoint }) as {
          value: number;
          checkpoint: Checkpoint;
        },
    );
  } finally {
    await processes.close();
  }
}

async function evolve<S extends Space, Checkpoint>(
  options: PopulationOptions<S, Checkpoint>,
  train: TrainMember<S, Checkpoint>,
): Promise<PopulationResult<S, Checkpoint>> {
  const {
    population = 8,
    intervals = 10,
    truncation = 0.25,
    resampleProbability = 0.25,
    factors = [0.8, 1.2],
    seed = 0,
    workers = 1,
    signal,
  } = options;
  for (
    const [field, value, least] of [["population", population, 2], ["intervals", intervals, 1], [
      "workers",
      workers,
      1,
    ]] as const
  ) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(
        `Cannot train population: ${field} must be an integer >= ${least}, got ${value}`,
      );
    }
  }
  if (!(truncation > 0 && truncation <= 0.5)) {
    throw new RangeError(
      `Cannot train population: truncation must be in (0, 0.5], got ${truncation}`,
    );
  }
  const distributions = Object.entries(spaceDistributions(options.space));
  const root = createRng(seed);
  const sign = options.direction === "maximize" ? -1 : 1;
  const members: Member<Checkpoint>[] = Array.from({ length: population }, (_, m) => {
    const rng = root.split(`member ${m}`);
    return {
      internal: new Map(distributions.map(([name, d]) => [name, drawUniform(d, rng)])),
      checkpoint: null,
      value: NaN,
      copiedFrom: null,
    };
  });
  const history: HistoryEntry<S>[] = [];
  const paramsOf = (member: Member<Checkpoint>) =>
    Object.fromEntries(
      distributions.map(([name, d]): [string, ParamValue] => [
        name,
        toExternal(d, member.internal.get(name)!),
      ]),
    ) as SpaceValues<S>;

  async function step(m: number, interval: number): Promise<void> {
    signal?.throwIfAborted();
    const member = members[m];
    const params = paramsOf(member);
    const { value, checkpoint } = await train({
      member: m,
      interval,
      params,
      checkpoint: member.checkpoint,
      signal,
    });
    if (typeof value !== "number" || Number.isNaN(value)) {
      throw new RangeError(
        `Cannot train population: value of member ${m} must be a number, got ${value}`,
      );
    }
    member.value = value;
    member.checkpoint = checkpoint;
    const entry = { member: m, interval, params, value, copiedFrom: member.copiedFrom };
    member.copiedFrom = null;
    history.push(entry);
    options.onStep?.(entry);
  }

  for (let interval = 0; interval < intervals; interval++) {
    let next = 0;
    await Promise.all(Array.from({ length: workers }, async () => {
      while (next < population) await step(next++, interval);
    }));
    if (interval === intervals - 1) break;
    const order = [...members.keys()].sort((a, b) =>
      sign * (members[a].value - members[b].value) || a - b
    );
    const cut = Math.max(1, Math.floor(truncation * population));
    const rng = root.split(`explore ${interval}`);
    for (const loser of order.slice(-cut)) {
      const winner = order[rng.integer(cut)];
      const from = members[winner];
      members[loser] = {
        internal: new Map(distributions.map(([name, d]) => [
          name,
          rng.uniform() < resampleProbability
            ? drawUniform(d, rng)
            : perturb(d, from.internal.get(name)!, factors, rng),
        ])),
        checkpoint: from.checkpoint,
        value: from.value,
        copiedFrom: winner,
      };
    }
  }
  // In the order of members within an interval, whatever finished first.
  history.sort((a, b) => a.interval - b.interval || a.member - b.member);
  const best = [...members.keys()].reduce((a, b) =>
    sign * members[b].value < sign * members[a].value ? b : a
  );
  const { value, checkpoint } = members[best];
  return {
    best: { member: best, value, params: paramsOf(members[best]), checkpoint: checkpoint! },
    history,
  };
}
