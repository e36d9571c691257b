/** Something loaded from the server, with the three states that every view shows. @module */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";

export interface Resource<T> {
  /** What was loaded last; stays while it is loaded again. */
  readonly data: ReadonlySignal<T | null>;
  readonly error: ReadonlySignal<Error | null>;
  readonly loading: ReadonlySignal<boolean>;
  /** `loading` before the first answer, then `ready` or `error`. */
  readonly state: ReadonlySignal<"loading" | "ready" | "error">;
  /** Loads again. Of two loads under way the later one counts. */
  reload(): Promise<void>;
  /** Changes what is held, for instance by an answer that brought it along. */
  set(data: T): void;
}

/** A resource that starts to load at once. */
export function createResource<T>(load: () => Promise<T>): Resource<T> {
  const data = signal<T | null>(null);
  const error = signal<Error | null>(null);
  const loading = signal(false);
  let latest = 0;
  async function reload(): Promise<void> {
    const mine = ++latest;
    loading.value = true;
    try {
      const loaded = await load();
      if (mine !== latest) return;
      batch(() => {
        data.value = loaded;
        error.value = null;
        loading.value = false;
      });
    } catch (caught) {
      if (mine !== latest) return;
      batch(() => {
        error.value = caught as Error;
        loading.value = false;
      });
    }
  }
  void reload();
  return {
    data,
    error,
    loading,
    state: computed(() => data.value !== null ? "ready" : error.value ? "error" : "loading"),
    reload,
    set(value) {
      latest++;
      batch(() => {
        data.value = value;
        error.value = null;
        loading.value = false;
      });
    },
  };
}
