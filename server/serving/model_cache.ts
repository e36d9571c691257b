/**
 * Loaded model versions, shared by concurrent requests: a version is loaded once however many ask
 * for it at the same time, and freed only when no request is using it.
 * @module
 */
import type { LoadedModel } from "./loaded_model.ts";
import type { ModelVersionRef } from "./model_source.ts";

interface Entry {
  model: Promise<LoadedModel>;
  users: number;
  usedAt: number;
  retired: boolean;
}

export interface ModelCache {
  /** Runs `body` with the version loaded; it stays loaded while `body` runs. */
  use<T>(ref: ModelVersionRef, body: (model: LoadedModel) => Promise<T>): Promise<T>;
  readonly size: number;
  /** Frees everything, each version once its last request has ended. */
  clear(): Promise<void>;
}

/** Keeps at most `limit` versions; the one unused for longest goes first. */
export function createModelCache(
  load: (ref: ModelVersionRef) => Promise<LoadedModel>,
  limit = 32,
): ModelCache {
  const entries = new Map<string, Entry>();
  const releasing = new Set<Promise<void>>();
  let ticks = 0;

  function retire(key: string, entry: Entry): void {
    if (entries.get(key) === entry) entries.delete(key);
    entry.retired = true;
    if (entry.users > 0) return;
    const done = entry.model.then((m) => m.session.release()).catch(() => {});
    releasing.add(done);
    done.finally(() => releasing.delete(done));
  }

  function evict(): void {
    while (entries.size > limit) {
      const [key, entry] = [...entries].reduce((a, b) => b[1].usedAt < a[1].usedAt ? b : a);
      retire(key, entry);
    }
  }

  return {
    async use(ref, body) {
      // A version deleted and made again under the same number has another source.
      const key = `${ref.name}\n${ref.version}\n${ref.source}`;
      let entry = entries.get(key);
      if (!entry) {
        entry = { model: load(ref), users: 0, usedAt: 0, retired: false };
        entries.set(key, entry);
      }
      entry.users++;
      entry.usedAt = ++ticks;
      try {
        const model = await entry.model;
        evict();
        return await body(model);
      } catch (error) {
        // A failed load is not kept: the next request tries again.
        if (await entry.model.then(() => false, () => true)) {
          if (entries.get(key) === entry) entries.delete(key);
        }
        throw error;
      } finally {
        entry.users--;
        if (entry.retired && entry.users === 0) retire(key, entry);
      }
    },
    get size() {
      return entries.size;
    },
    async clear() {
      for (const [key, entry] of [...entries]) retire(key, entry);
      await Promise.all(releasing);
    },
  };
}
