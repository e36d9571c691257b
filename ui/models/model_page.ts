/** One registered model: its versions, and the way by which one of them comes to answer. @module */
import { batch, computed, signal } from "@preact/signals";
import type {
  AliasChange,
  Lineage,
  ModelPolicy,
  PolicyRule,
  Promotion,
} from "../../lib/contracts/governance/mod.ts";
import type { ModelVersion, RegisteredModel } from "../../lib/contracts/mlflow/mod.ts";
import { createResource } from "./resource.ts";
import type { RunRecord } from "./run_record.ts";

/** What the page asks of the server. */
export interface ModelApi {
  model(name: string): Promise<RegisteredModel>;
  versions(name: string): Promise<ModelVersion[]>;
  run(id: string): Promise<RunRecord>;
  promotions(name: string): Promise<Promotion[]>;
  aliasHistory(name: string): Promise<AliasChange[]>;
  policy(name: string): Promise<ModelPolicy>;
  setPolicy(name: string, rules: PolicyRule[]): Promise<ModelPolicy>;
  lineage(name: string, version: string): Promise<Lineage>;
  promote(name: string, version: string, alias: string, comment: string): Promise<Promotion>;
  review(id: string, decision: "approve" | "reject" | "comment", text: string): Promise<Promotion>;
  rollback(name: string, alias: string): Promise<AliasChange>;
}

export interface VersionRow {
  version: ModelVersion;
  aliases: string[];
  /** The run that made it, null while it is loading or when it is gone. */
  run: RunRecord | null;
}

/** Most runs that are fetched for the metrics beside the versions. */
const mostRuns = 50;

/** The page of a model. Loading starts at once. */
export function createModelPage(api: ModelApi, name: string) {
  const model = createResource(() => api.model(name));
  const runs = signal<ReadonlyMap<string, RunRecord>>(new Map());
  const versions = createResource(async () => {
    const list = await api.versions(name);
    void loadRuns(list);
    return list;
  });
  const promotions = createResource(() => api.promotions(name));
  const history = createResource(() => api.aliasHistory(name));
  const policy = createResource(() => api.policy(name));
  const busy = signal<string | null>(null);
  const actionError = signal<string | null>(null);
  const outcome = signal<Promotion | null>(null);

  async function loadRuns(list: readonly ModelVersion[]): Promise<void> {
    const wanted = [
      ...new Set(list.map((v) => v.run_id).filter((id) => id && !runs.peek().has(id))),
    ];
    const loaded = await Promise.allSettled(wanted.slice(0, mostRuns).map((id) => api.run(id!)));
    const next = new Map(runs.peek());
    for (const result of loaded) {
      if (result.status === "fulfilled") next.set(result.value.id, result.value);
    }
    runs.value = next;
  }

  const rows = computed((): VersionRow[] => {
    const aliases = model.data.value?.aliases ?? [];
    return (versions.data.value ?? []).map((version) => ({
      version,
      aliases: aliases.filter((a) => a.version === version.version).map((a) => a.alias),
      run: runs.value.get(version.run_id ?? "") ?? null,
    }));
  });
  const champion = computed(() =>
    model.data.value?.aliases?.find((a) => a.alias === "champion")?.version ?? null
  );

  async function reload(): Promise<void> {
    await Promise.all([model, versions, promotions, history].map((resource) => resource.reload()));
  }

  /** Runs an action once at a time; says why it failed. */
  async function act<T>(what: string, body: () => Promise<T>): Promise<T | null> {
    if (busy.value) return null;
    batch(() => {
      busy.value = what;
      actionError.value = null;
    });
    try {
      return await body();
    } catch (error) {
      actionError.value = (error as Error).message;
      return null;
    } finally {
      busy.value = null;
      await reload();
    }
  }

  return {
    name,
    model,
    versions,
    promotions,
    history,
    policy,
    rows,
    champion,
    busy,
    actionError,
    /** The latest request made here, with what each rule said. */
    outcome,
    reload,
    /** The version that answered before, or null when there is no way back. */
    previous: computed(() => {
      const last = history.data.value?.find((change) => change.alias === "champion");
      return last?.previousVersion ?? null;
    }),
    pending: computed(() => (promotions.data.value ?? []).filter((p) => p.status === "pending")),
    clearOutcome() {
      batch(() => {
        outcome.value = null;
        actionError.value = null;
      });
    },
    async promote(version: string, alias: string, comment: string) {
      outcome.value = null;
      const made = await act("promote", () => api.promote(name, version, alias, comment));
      if (made) outcome.value = made;
      return made;
    },
    review: (id: string, decision: "approve" | "reject" | "comment", text: string) =>
      act(decision, () => api.review(id, decision, text)),
    rollback: () => act("rollback", () => api.rollback(name, "champion")),
    async setRequired(kind: string, index: number, required: boolean) {
      const rules = policy.data.value?.policy.rules ?? [];
      const next = rules.map((rule, i) =>
        i === index && rule.kind === kind ? { ...rule, required } : rule
      );
      const saved = await act("policy", () => api.setPolicy(name, next));
      if (saved) policy.set(saved);
    },
    lineage: (version: string) => createResource(() => api.lineage(name, version)),
  };
}

export type ModelPage = ReturnType<typeof createModelPage>;
