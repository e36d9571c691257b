/** Scorers (MLflow 3), kept as their clients serialized them and never run here. @module */
import type { Database } from "../db/database.ts";
import * as store from "../db/scorers.ts";
import { invalid, notFound } from "../errors.ts";
import { parseFilter } from "../search/filter.ts";
import { traceGrammar } from "../search/grammars.ts";
import type { Clock } from "./clock.ts";
import type { TrackingService } from "./tracking.ts";
import { checkLength, parseExperimentId } from "./validation.ts";

export interface ScorerService {
  register(experimentId: string, name: string, serialized: string): Promise<store.ScorerRow>;
  list(experimentIds: string[]): Promise<store.ScorerRow[]>;
  versions(experimentId: string, name: string): Promise<store.ScorerRow[]>;
  /** The version, or the latest. */
  get(experimentId: string, name: string, version?: number): Promise<store.ScorerRow>;
  remove(experimentId: string, name: string, version?: number): Promise<void>;
  /**
   * Says how often a scorer is to look at new traces. Only a rate of 0 is taken: scorers run with
   * their clients, never here.
   */
  setOnlineConfig(
    scorer: { experimentId: string; name: string },
    sampleRate: number,
    filter?: string,
  ): Promise<OnlineConfig>;
  onlineConfigs(scorerIds: string[]): Promise<OnlineConfig[]>;
}

/** As MLflow's answers have it. */
export interface OnlineConfig {
  online_scoring_config_id: string;
  scorer_id: string;
  sample_rate: number;
  experiment_id: string;
  filter_string?: string;
}

const toConfig = (row: store.OnlineConfigRow): OnlineConfig => ({
  online_scoring_config_id: row.online_scoring_config_id,
  scorer_id: row.scorer_id,
  sample_rate: row.sample_rate,
  experiment_id: String(row.experiment_id),
  filter_string: row.filter_string ?? undefined,
});

/** The language model that judges for a scorer, where one does. */
function modelOf(serialized: unknown): string | undefined {
  const data = serialized as Record<string, Record<string, unknown> | undefined> | null;
  for (
    const key of [
      "instructions_judge_pydantic_data",
      "builtin_scorer_pydantic_data",
      "third_party_scorer_data",
    ]
  ) if (data?.[key]) return data[key]?.model as string | undefined;
  const base = data?.memory_augmented_judge_data?.base_judge;
  return base ? modelOf(base) : undefined;
}

const mostFilter = 10_000;

export function createScorerService(
  { db, clock, tracking }: { db: Database; clock: Clock; tracking: TrackingService },
): ScorerService {
  const missing = (name: string, experimentId: string, version?: number) =>
    notFound(
      version === undefined
        ? `Scorer with name '${name}' not found for experiment ${experimentId}.`
        : `Scorer with name '${name}' and version ${version} not found for experiment ` +
          `${experimentId}.`,
    );

  async function versions(experimentId: string, name: string): Promise<store.ScorerRow[]> {
    const rows = await store.listScorerVersions(db, parseExperimentId(experimentId), name);
    if (rows.length === 0) throw missing(name, experimentId);
    return rows;
  }

  return {
    async register(experimentId, name, serialized) {
      if (!name.trim()) throw invalid("Scorer name cannot be empty");
      checkLength("name", 256, name);
      const experiment = await tracking.getExperiment(experimentId);
      if (experiment.lifecycle_stage !== "active") {
        throw invalid(`The experiment ${experimentId} must be in the 'active' state.`);
      }
      try {
        JSON.parse(serialized);
      } catch {
        throw invalid("serialized_scorer must be JSON text");
      }
      return await db.transaction((tx) =>
        store.insertScorerVersion(tx, {
          experimentId: parseExperimentId(experimentId),
          name,
          serialized,
          now: clock.now(),
        })
      );
    },
    list: (experimentIds) => store.listScorers(db, experimentIds.map(parseExperimentId)),
    versions,
    async get(experimentId, name, version) {
      const rows = await versions(experimentId, name);
      const found = version === undefined
        ? rows.at(-1)
        : rows.find((r) => r.scorer_version === version);
      if (!found) throw missing(name, experimentId, version);
      return found;
    },
    async remove(experimentId, name, version) {
      const wasThere = await db.transaction((tx) =>
        store.deleteScorer(tx, parseExperimentId(experimentId), name, version)
      );
      if (!wasThere) throw missing(name, experimentId, version);
    },

    async setOnlineConfig({ experimentId, name }, sampleRate, filter) {
      if (!(sampleRate >= 0 && sampleRate <= 1)) {
        const given = Number.isInteger(sampleRate) ? sampleRate.toFixed(1) : sampleRate;
        throw invalid(`sample_rate must be between 0.0 and 1.0, got ${given}`);
      }
      checkLength("filter_string", mostFilter, filter);
      parseFilter(filter, traceGrammar);
      const experiment = await tracking.getExperiment(experimentId);
      if (experiment.lifecycle_stage !== "active") {
        throw invalid(`The experiment ${experimentId} must be in the 'active' state.`);
      }
      const scorer = (await versions(experimentId, name)).at(-1)!;
      if (sampleRate > 0) {
        const model = modelOf(JSON.parse(scorer.serialized_scorer));
        throw invalid(
          model?.startsWith("gateway:/")
            ? `Cannot evaluate with scorer '${name}' automatically: this server has no gateway to ` +
              "models, so sample_rate must be 0"
            : `Scorer '${name}' does not use a gateway model. Automatic evaluation is only ` +
              "supported for scorers that use gateway models.",
        );
      }
      const row: store.OnlineConfigRow = {
        online_scoring_config_id: crypto.randomUUID().replaceAll("-", ""),
        scorer_id: scorer.scorer_id,
        experiment_id: parseExperimentId(experimentId),
        sample_rate: sampleRate,
        filter_string: filter ?? null,
      };
      await store.replaceOnlineConfig(db, row);
      return toConfig(row);
    },

    onlineConfigs: async (scorerIds) => (await store.onlineConfigsOf(db, scorerIds)).map(toConfig),
  };
}
