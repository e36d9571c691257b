/** Colours of the style sheet as canvases need them. @module */

let probe: HTMLElement | undefined;

/** The colour that a custom property such as `--text-2` stands for now, resolved for a canvas. */
export function resolveColor(property: string): string {
  if (!property.startsWith("--")) return property;
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${property})`;
  return getComputedStyle(probe).color;
}

/** A colour with another opacity, 0 to 1. */
export function withAlpha(color: string, alpha: number): string {
  const match = color.match(/^rgba?\(([\d.]+),? ([\d.]+),? ([\d.]+)/);
  return match ? `rgba(${match[1]}, ${match[2]}, ${match[3]}, ${alpha})` : color;
}

const seriesCount = 10;

/** The custom property of the n-th series' colour. */
export function seriesColor(index: number): string {
  return `--series-${index % seriesCount + 1}`;
}
