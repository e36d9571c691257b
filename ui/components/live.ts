/** Keeps a page fresh: hears of changes as they happen, and looks by itself now and then. @module */
import { useEffect, useRef } from "preact/hooks";

/** What a page wants to hear of, as `/live` filters it. */
export interface LiveQuery {
  kinds: readonly string[];
  experiment?: string;
  /** A run, model or study. */
  id?: string;
}

/** Kinds of events that change what is seen of runs. */
export const runKinds = [
  "run.created",
  "run.updated",
  "run.deleted",
  "metric.logged",
  "param.logged",
  "tag.set",
] as const;

/** Kinds of events that change what is seen of models. */
export const modelKinds = [
  "model.created",
  "model.updated",
  "model.deleted",
  "version.created",
  "version.updated",
  "version.deleted",
  "alias.set",
  "alias.deleted",
  "promotion.changed",
] as const;

/** Changes within this time are looked at together. */
const gatherMs = 250;
/** Least time between two looks, however much happens. */
const restMs = 1000;
/** How often to look while events arrive by themselves, in case one was lost. */
const quietMs = 30_000;

/** Calls `onChange` soon after events that fit; `onState` says whether the stream is open. */
export function listen(
  query: LiveQuery,
  onChange: () => void,
  onState: (isOpen: boolean) => void,
): () => void {
  const params = new URLSearchParams({ kinds: query.kinds.join(",") });
  if (query.experiment) params.set("experiment", query.experiment);
  if (query.id) params.set("id", query.id);
  const source = new EventSource(`/live?${params}`);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const gather = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      onChange();
    }, gatherMs);
  };
  for (const kind of [...query.kinds, "reset"]) source.addEventListener(kind, gather);
  source.addEventListener("open", () => onState(true));
  source.addEventListener("error", () => onState(false));
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/**
 * Calls `refresh` when something that `live` names has changed, and every `everyMs` while there is
 * no stream of events. A page that nobody looks at rests, and looks at once when it comes back.
 */
export function useRefresh(
  refresh: () => unknown,
  everyMs: number,
  isOn = true,
  live?: LiveQuery,
): void {
  const latest = useRef(refresh);
  latest.current = refresh;
  useEffect(() => {
    if (!isOn) return;
    let isStreaming = false;
    let isStale = false;
    let lookedAt = -Infinity;
    let isLooking = false;
    let isAskedAgain = false;
    let rest: ReturnType<typeof setTimeout> | undefined;
    // One look at a time: what changes meanwhile is looked at after a rest.
    const look = async () => {
      isStale = document.hidden;
      if (isStale) return;
      if (isLooking) {
        isAskedAgain = true;
        return;
      }
      const wait = lookedAt + restMs - performance.now();
      if (wait > 0) {
        rest ??= setTimeout(() => {
          rest = undefined;
          void look();
        }, wait);
        return;
      }
      isLooking = true;
      isAskedAgain = false;
      lookedAt = performance.now();
      try {
        await latest.current();
      } finally {
        isLooking = false;
        if (isAskedAgain) void look();
      }
    };
    const timer = setInterval(() => {
      if (!isStreaming || performance.now() - lookedAt > quietMs) void look();
    }, everyMs);
    const onVisible = () => {
      if (!document.hidden && isStale) void look();
    };
    document.addEventListener("visibilitychange", onVisible);
    const stop = live && listen(live, look, (isOpen) => isStreaming = isOpen);
    return () => {
      clearInterval(timer);
      clearTimeout(rest);
      isAskedAgain = false;
      document.removeEventListener("visibilitychange", onVisible);
      stop?.();
    };
  }, [isOn, live?.experiment, live?.id, live?.kinds.join()]);
}
