/** What issues, label schemas and review queues check alike. @module */
import { invalid, notFound } from "../../errors.ts";
import type { TrackingService } from "../tracking.ts";
import { parseExperimentId } from "../validation.ts";

/** Whoever asks, where people sign in. */
export type Reviewer = string | null;

/** The number of an experiment that is there and not deleted. */
export async function activeExperiment(tracking: TrackingService, id: string): Promise<number> {
  const experiment = await tracking.getExperiment(id);
  if (experiment.lifecycle_stage !== "active") {
    throw notFound(`No Experiment with id=${experiment.experiment_id} exists`);
  }
  return parseExperimentId(experiment.experiment_id);
}

const most = 50_000;

/** How many results a page has. */
export function pageSize(maxResults: number | undefined, otherwise: number): number {
  if (maxResults === undefined) return otherwise;
  const words = `Invalid value ${maxResults} for parameter 'max_results' supplied.`;
  if (maxResults < 1) throw invalid(`${words} It must be a positive integer`);
  if (maxResults > most) throw invalid(`${words} It must be at most ${most}`);
  return maxResults;
}

export const newId = (prefix: string) => `${prefix}-${crypto.randomUUID().replaceAll("-", "")}`;

/** Length as Python counts it. */
export const lengthOf = (text: string) => text.length > 30 ? [...text].length : text.length;
