import type { FeatureDefinition } from "./feature_definition.ts";
import { averages } from "./steps/averages.ts";
import { calendar } from "./steps/calendar.ts";
import { channels } from "./steps/channels.ts";
import { garch } from "./steps/garch.ts";
import { momentum } from "./steps/momentum.ts";
import { oscillators } from "./steps/oscillators.ts";
import { prices } from "./steps/prices.ts";
import { returns } from "./steps/returns.ts";
import { spectral } from "./steps/spectral.ts";
import { statistics } from "./steps/statistics.ts";
import { trend } from "./steps/trend.ts";
import { volatility } from "./steps/volatility.ts";
import { volume } from "./steps/volume.ts";
import { vwap } from "./steps/vwap.ts";

/** Every feature that a pipeline may name, by kind. */
export const features = {
  ...returns,
  ...prices,
  ...averages,
  ...momentum,
  ...oscillators,
  ...trend,
  ...channels,
  ...volatility,
  ...garch,
  ...volume,
  ...vwap,
  ...statistics,
  ...spectral,
  ...calendar,
} satisfies Record<string, FeatureDefinition>;

export type FeatureKind = keyof typeof features;
