/** Which statements PostgreSQL's connections keep prepared. @module */

/** Names given at most before all connections are replaced, so that none keeps plans without end. */
const mostNames = 500;

/** Gives a name to each text that comes again: one that comes once is not worth keeping a plan for. */
export class StatementNames {
  /** Grows when the names are forgotten; a connection of an earlier one still holds old plans. */
  generation = 0;
  readonly #seen = new Set<string>();
  readonly #names = new Map<string, string>();
  readonly #most: number;
  #count = 0;

  constructor(most = mostNames) {
    this.#most = most;
  }

  /** The name to prepare `text` under; undefined when it comes for the first time. */
  nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known) return known;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size >= 2 * this.#most) this.#seen.clear();
      this.#seen.add(text);
      return undefined;
    }
    if (this.#names.size >= this.#most) {
      this.#names.clear();
      this.generation++;
    }
    const name = `tapebook_${++this.#count}`;
    this.#names.set(text, name);
    return name;
  }
}
