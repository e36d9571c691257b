/**
 * Which bars an episode is made of.
 * @module
 */
import type { Rng } from "../math/mod.ts";

/** How episodes are taken from a range of bars. */
export type EpisodeSampling =
  /** Windows of so many bars, drawn evenly at random. */
  | { kind: "random"; bars: number }
  /** Windows of so many bars in order, `stride` apart (default: one after the other), then again. */
  | { kind: "walkForward"; bars: number; stride?: number }
  /**
   * Random windows that grow from `bars` to `finalBars` over the first `episodes` episodes: short
   * ones tell sooner what an action was worth.
   */
  | { kind: "curriculum"; bars: number; finalBars: number; episodes: number };

/** Draws windows [from, to) of a range. */
export interface EpisodeSampler {
  /** Bars of the longest episode. */
  readonly longest: number;
  /** Starts the order of windows over; random numbers are the caller's. */
  restart(): void;
  next(rng: Rng): [number, number];
  /** Episodes drawn since the start; settable, to resume. */
  episodes: number;
}

/**
 * A sampler of the range [from, to); without sampling the whole range is every episode.
 *
 * @throws {RangeError} If a number does not fit or the range is shorter than an episode.
 */
export function createEpisodeSampler(
  sampling: EpisodeSampling | undefined,
  from: number,
  to: number,
): EpisodeSampler {
  const check = (name: string, value: number, least: number) => {
    if (Number.isInteger(value) && value >= least) return;
    throw new RangeError(
      `Cannot make market environment: ${name} must be an integer >= ${least}, got ${value}`,
    );
  };
  const bars = sampling?.bars ?? Math.max(2, to - from);
  const stride = sampling?.kind === "walkForward" ? sampling.stride ?? bars : 1;
  const final = sampling?.kind === "curriculum" ? sampling.finalBars : bars;
  const growing = sampling?.kind === "curriculum" ? sampling.episodes : 1;
  check("episodeBars", bars, 2);
  check("episodes.stride", stride, 1);
  check("episodes.finalBars", final, 2);
  check("episodes.episodes", growing, 1);
  const longest = Math.max(bars, final);
  if (to - from < longest) {
    throw new RangeError(
      `Cannot make market environment: bars [${from}, ${to}) must be at least an episode (${longest} bars), got ${
        to - from
      }`,
    );
  }
  const windows = Math.floor((to - from - bars) / stride) + 1;
  const sampler: EpisodeSampler = {
    longest,
    episodes: 0,
    restart: () => sampler.episodes = 0,
    next(rng) {
      const episode = sampler.episodes++;
      if (sampling?.kind === "walkForward") {
        const start = from + (episode % windows) * stride;
        return [start, start + bars];
      }
      const share = Math.min(1, episode / growing);
      const length = Math.round(bars + (final - bars) * share);
      const spare = to - from - length;
      const start = spare === 0 ? from : from + rng.integer(spare + 1);
      return [start, start + length];
    },
  };
  return sampler;
}
