/**
 * The direction in which imports may point, as data: the plan of the house in docs/layout.md, enforced.
 * @module
 */

const base = ["lib/math", "lib/contracts"];
const toDatasets = [...base, "lib/data", "lib/features"];
const toModels = [...toDatasets, "lib/datasets", "lib/onnx"];
const toTraining = [...toModels, "lib/models"];
const toValidation = [...base, "lib/data", "lib/backtester"];

/** Rooms a room may import from, besides itself. A room not listed here may not exist. */
export const allowedImports: Record<string, readonly string[]> = {
  "lib/contracts": [],
  "lib/math": [],
  "lib/data": base,
  "lib/features": [...base, "lib/data"],
  "lib/datasets": toDatasets,
  "lib/onnx": base,
  "lib/models": toModels,
  "lib/training": toTraining,
  "lib/backtester": [...base, "lib/data"],
  "lib/validation": toValidation,
  "lib/agents": [...toTraining, "lib/training", "lib/backtester", "lib/validation"],
  "lib/portfolio": [...toValidation, "lib/validation"],
  "lib/tuner": base,
  "lib/explain": [...toTraining, "lib/training"],
  "lib/tracking": ["lib/contracts"],
  "lib/experiment": ["lib"],
  "lib/mod.ts": ["lib"],
  "server": ["lib"],
  "ui": ["lib/contracts", "server/app.ts (types)"],
  "cli": ["lib", "server", "ui", "tools", "bench"],
  "cli.ts": ["cli", "lib", "server", "tools"],
  "bench": ["lib", "server", "tools", "tests"],
  "tests": ["lib", "server", "ui", "cli", "cli.ts", "tools", "bench"],
  "tools": [],
  "notebooks": ["lib"],
};

/** The room of a file of the repository, for instance `lib/math/rng.ts` -> `lib/math`. */
export function roomOf(path: string): string {
  const parts = path.split("/");
  if (parts[0] === "lib") return parts.slice(0, 2).join("/");
  return parts[0];
}

export interface ImportFault {
  file: string;
  line: number;
  specifier: string;
  reason: string;
}

const importPattern =
  /^[ \t]*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/gm;

/** Faults of one file's imports. Tests may reach the support folder and bench peers of any room. */
export function importFaults(file: string, source: string): ImportFault[] {
  const faults: ImportFault[] = [];
  const from = roomOf(file);
  const isTest = /_test\.tsx?$/.test(file);
  const allowed = allowedImports[from];
  const at = (index: number) => source.slice(0, index).split("\n").length;
  // A doc comment's example is not an import of the file.
  const code = source.replace(/\/\*\*[\s\S]*?\*\//g, (c) => c.replace(/[^\n]+/g, ""));
  for (const match of code.matchAll(importPattern)) {
    const isType = Boolean(match[1]);
    const specifier = match[2] ?? match[3];
    const line = at(match.index);
    if (/^(jsr:|https?:)/.test(specifier)) {
      faults.push({ file, line, specifier, reason: "only npm packages pinned in deno.json" });
    }
    if (!specifier.startsWith(".")) continue;
    const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
    const to = roomOf(target);
    if (to === from) continue;
    if (!allowed) {
      faults.push({ file, line, specifier, reason: `room ${from} is not in the plan` });
      continue;
    }
    const fits = allowed.some((room) =>
      room === to || room === "lib" && to.startsWith("lib/") ||
      room === target.split("/").slice(0, 2).join("/") ||
      room === `${target} (types)` && isType
    );
    if (fits || (isTest && (to === "tests" || target.startsWith("lib/")))) continue;
    faults.push({ file, line, specifier, reason: `${from} may not import ${to}` });
  }
  return faults;
}
