/** Scorers (MLflow 3), kept as their clients serialized them and never run here. @module */
import type { Database } from "../db/database.ts";
import * as store from "../db/scorers.ts";
import { invalid, notFound } from "../errors.ts";
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
}

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
  };
}
