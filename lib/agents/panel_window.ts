/**
 * A part of a panel of bars, as views.
 * @module
 */
import type { AssetColumns, Panel } from "../backtester/panel.ts";

/** Rows [from, to) of a checked panel, as `createPanel` of the sliced bars would give them. */
export function panelWindow(panel: Panel, from: number, to: number): Panel {
  return {
    ...panel,
    time: panel.time.subarray(from, to),
    length: to - from,
    assets: panel.assets.map((asset) => assetWindow(asset, from, to)),
  };
}

function assetWindow(asset: AssetColumns, from: number, to: number): AssetColumns {
  const cut = (column: Float64Array) => column.subarray(from, to);
  const close = cut(asset.close), volume = cut(asset.volume);
  let first = 0, last = to - from - 1;
  if (asset.first > from || asset.last < to - 1 || Number.isNaN(close[last])) {
    while (first < close.length && Number.isNaN(close[first])) first++;
    while (last >= 0 && Number.isNaN(close[last])) last--;
  }
  let hasVolume = false;
  for (let t = 0; t < volume.length && !hasVolume; t++) hasVolume = volume[t] > 0;
  return {
    ...asset,
    open: cut(asset.open),
    high: cut(asset.high),
    low: cut(asset.low),
    close,
    volume,
    first,
    last,
    hasVolume,
  };
}
