/**
 * The episodes that ended last.
 * @module
 */
import { mean } from "../math/mod.ts";

/** Returns and lengths of the last 100 episodes, as Stable-Baselines3 keeps them. */
export class EpisodeLog {
  #episodes = 0;
  #returns: number[] = [];
  #lengths: number[] = [];

  constructor(readonly size = 100) {}

  add(episodeReturn: number, length: number): void {
    this.#episodes++;
    this.#returns.push(episodeReturn);
    this.#lengths.push(length);
    if (this.#returns.length > this.size) {
      this.#returns.shift();
      this.#lengths.shift();
    }
  }

  /** Number of episodes so far and means over the last; NaN before the first ends. */
  means(): { episodes: number; meanReturn: number; meanLength: number } {
    const { length } = this.#returns;
    return {
      episodes: this.#episodes,
      meanReturn: length > 0 ? mean(this.#returns) : NaN,
      meanLength: length > 0 ? mean(this.#lengths) : NaN,
    };
  }

  saveState(): { episodes: number; returns: number[]; lengths: number[] } {
    return {
      episodes: this.#episodes,
      returns: this.#returns.slice(),
      lengths: this.#lengths.slice(),
    };
  }

  restoreState(saved: ReturnType<EpisodeLog["saveState"]>): void {
    this.#episodes = saved.episodes;
    this.#returns = saved.returns.slice();
    this.#lengths = saved.lengths.slice();
  }
}
