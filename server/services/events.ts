/** The hub through which one part of the server tells the others what changed. @module */

/** Something that changed; `id` names the thing, `experimentId` and `data` help a reader filter. */
export interface ServerEvent {
  kind:
    | "experiment.created"
    | "experiment.updated"
    | "experiment.deleted"
    | "run.created"
    | "run.updated"
    | "run.deleted"
    | "metric.logged"
    | "param.logged"
    | "tag.set"
    | "artifact.written"
    | "model.created"
    | "model.updated"
    | "model.deleted"
    | "version.created"
    | "version.updated"
    | "version.deleted"
    | "alias.set"
    | "alias.deleted"
    | "trial.changed"
    | "promotion.changed"
    | "deployment.changed"
    | "signal"
    | "alert";
  id: string;
  experimentId?: string;
  data?: Record<string, unknown>;
}

export type EventListener = (event: ServerEvent) => void;

export interface EventHub {
  /** Tells every listener; a listener that throws is logged and does not disturb the others. */
  emit(event: ServerEvent): void;
  /** Listens to events of `kind`, or to all with "*". Call what it returns to stop. */
  on(kind: ServerEvent["kind"] | "*", listener: EventListener): () => void;
  /** Number of listeners, so that a writer may skip making an event that nobody hears. */
  readonly listeners: number;
}

/** An in-process hub. */
export function createEventHub(onError: (error: unknown) => void = () => {}): EventHub {
  const byKind = new Map<string, Set<EventListener>>();
  let listeners = 0;
  const tell = (kind: string, event: ServerEvent) => {
    for (const listener of byKind.get(kind) ?? []) {
      try {
        listener(event);
      } catch (error) {
        onError(error);
      }
    }
  };
  return {
    emit(event) {
      tell(event.kind, event);
      tell("*", event);
    },
    on(kind, listener) {
      const set = byKind.get(kind) ?? new Set();
      byKind.set(kind, set);
      set.add(listener);
      listeners++;
      return () => {
        if (set.delete(listener)) listeners--;
      };
    },
    get listeners() {
      return listeners;
    },
  };
}

/** Tells `events` of changes. */
export function changesOf(events: EventHub) {
  return (
    kind: ServerEvent["kind"],
    id: string,
    experimentId?: string,
    data?: Record<string, unknown>,
  ) => events.emit({ kind, id, experimentId, data });
}
