import type { FeatureDefinition } from "./feature_definition.ts";
import { averages } from "./steps/averages.ts";
import { calendar } from "./steps/calendar.ts";
import { channels } from "./steps/channels.ts";
import { momentum } from "./steps/momentum.ts";
import { returns } from "./steps/returns.ts";
import { volatility } from "./steps/volatility.ts";

/** Every feature that a pipeline may name, by kind. */
export const features = {
  ...returns,
  ...averages,
  ...momentum,
  ...channels,
  ...volatility,
  ...calendar,
} satisfies Record<string, FeatureDefinition>;

export type FeatureKind = keyof typeof features;
