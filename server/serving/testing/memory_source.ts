/** A source of served models in memory, for tests: folders of bytes and aliases. @module */
import type { AliasTarget, ModelSource, ModelVersionRef } from "../model_source.ts";

export interface MemorySource extends ModelSource {
  add(name: string, version: string, files: Record<string, Uint8Array | string>): void;
  setAlias(name: string, alias: string, version: string): void;
  /** How often files were read: how often a model was loaded. */
  reads: number;
}

/** The committed ONNX graph `name` of testdata. */
export function fixture(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`../testdata/${name}.onnx`, import.meta.url));
}

export function createMemorySource(): MemorySource {
  const models = new Map<string, Map<string, Record<string, Uint8Array | string>>>();
  const aliases = new Map<string, string>();
  const ref = (name: string, version: string): ModelVersionRef => ({
    name,
    version,
    runId: `run-${version}`,
    source: `runs:/run-${version}/model`,
  });
  const target = (name: string, alias: string): AliasTarget | null => {
    const version = aliases.get(`${name}@${alias}`);
    return version === undefined ? null : { ...ref(name, version), alias };
  };
  return {
    reads: 0,
    add(name, version, files) {
      if (!models.has(name)) models.set(name, new Map());
      models.get(name)!.set(version, files);
    },
    setAlias(name, alias, version) {
      aliases.set(`${name}@${alias}`, version);
    },
    targets: (alias) =>
      Promise.resolve(
        [...models.keys()].map((name) => target(name, alias)).filter((t) => t !== null),
      ),
    target: (name, alias) => Promise.resolve(models.has(name) ? target(name, alias) : undefined),
    version: (name, version) =>
      Promise.resolve(models.get(name)?.has(version) ? ref(name, version) : null),
    versions: (name) => Promise.resolve(models.has(name) ? [...models.get(name)!.keys()] : null),
    async readFile(ref, path) {
      this.reads++;
      await new Promise((done) => setTimeout(done, 5));
      const file = models.get(ref.name)?.get(ref.version)?.[path];
      return typeof file === "string" ? new TextEncoder().encode(file) : file ?? null;
    },
  };
}
