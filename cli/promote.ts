/**
 * Promotion as a program asks for it.
 * @module
 */
import type { Tracker } from "../lib/tracking/mod.ts";

export interface Promotion {
  id: string;
  status: "pending" | "applied" | "rejected";
  alias: string;
}

/** Asks for a version to become the champion; the model's policy decides whether that happens at once. */
export async function promoteModel(
  tracker: Tracker,
  model: string,
  version: string,
  comment: string,
): Promise<Promotion> {
  const { promotion } = await tracker.transport.json<{ promotion: Promotion }>(
    "POST",
    "/api/tapebook/v1/promotions",
    { body: { model, version, alias: "champion", comment } },
  );
  return promotion;
}
