/**
 * Outside components that some tests need. A test that needs one asks here; it is skipped with one
 * line where the component is absent, unless TAPEBOOK_REQUIRE names it: then its absence fails.
 * @module
 */

export type Component =
  | "postgres"
  | "redis"
  | "chromium"
  | "jupyter"
  | "mlflow"
  | "ray"
  | "tensorflow";

const required = new Set(
  (Deno.env.get("TAPEBOOK_REQUIRE") ?? "").split(",").map((s) => s.trim()).filter(Boolean),
);

/** Path of the first of `names` that exists as a program, or null. */
export function which(...names: string[]): string | null {
  const dirs = (Deno.env.get("PATH") ?? "").split(":");
  for (const name of names) {
    const candidates = name.startsWith("/") ? [name] : dirs.map((d) => `${d}/${name}`);
    for (const path of candidates) {
      try {
        if (Deno.statSync(path).isFile) return path;
      } catch { /* the next one */ }
    }
  }
  return null;
}

/** The Python that peers run in: TAPEBOOK_PEER_PYTHON or `python3`; null when it lacks `module`. */
export function peerPython(module: string): string | null {
  const python = Deno.env.get("TAPEBOOK_PEER_PYTHON") || which("python3");
  if (!python) return null;
  const { success } = new Deno.Command(python, {
    args: [
      "-c",
      `import importlib.util,sys; sys.exit(importlib.util.find_spec("${module}") is None)`,
    ],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return success ? python : null;
}

/** The newest PostgreSQL server's bin folder (initdb, pg_ctl), or null. */
export function postgresBin(): string | null {
  const onPath = which("initdb");
  if (onPath) return onPath.replace(/\/initdb$/, "");
  try {
    const versions = [...Deno.readDirSync("/usr/lib/postgresql")].map((e) => e.name)
      .sort((a, b) => Number(b) - Number(a));
    for (const v of versions) {
      const bin = `/usr/lib/postgresql/${v}/bin`;
      if (which(`${bin}/initdb`)) return bin;
    }
  } catch { /* not installed */ }
  return null;
}

const finders: Record<Component, () => string | null> = {
  // initdb refuses root, who needs runuser to become somebody else.
  postgres: () =>
    Deno.env.get("TAPEBOOK_TEST_DATABASE_URL") ??
      (Deno.uid() === 0 && !which("runuser") ? null : postgresBin()),
  redis: () => which("redis-server"),
  chromium: () => which("chromium", "chromium-browser", "google-chrome"),
  jupyter: () => peerPython("jupyter_client"),
  mlflow: () => peerPython("mlflow"),
  ray: () => peerPython("ray"),
  tensorflow: () => {
    // The add-on itself: libraries without it cannot be used.
    const folder = "node_modules/@tensorflow/tfjs-node-gpu";
    try {
      for (const { name } of Deno.readDirSync(`${folder}/lib`)) {
        if (!name.startsWith("napi-v")) continue;
        if (which(`${Deno.cwd()}/${folder}/lib/${name}/tfjs_binding.node`)) return folder;
      }
    } catch { /* not installed */ }
    return null;
  },
};

const found = new Map<Component, string | null>();
const told = new Set<Component>();

/** Where the component is, or null when it is absent here. */
export function findComponent(name: Component): string | null {
  if (!found.has(name)) found.set(name, finders[name]());
  return found.get(name)!;
}

/**
 * Registers a test that needs an outside component. `body` gets where the component is.
 *
 * ```ts
 * testWith("chromium", "the page opens", async (path) => { … });
 * ```
 */
export function testWith(
  component: Component,
  name: string,
  body: (where: string, t: Deno.TestContext) => void | Promise<void>,
  options: Partial<Deno.TestDefinition> = {},
): void {
  const where = findComponent(component);
  if (where === null && !required.has(component) && !told.has(component)) {
    told.add(component);
    console.log(`tests that need ${component} are skipped: it was not found here`);
  }
  Deno.test({
    ...options,
    name: `${name} [${component}]`,
    ignore: where === null && !required.has(component),
    fn: async (t) => {
      if (where === null) {
        throw new Error(`TAPEBOOK_REQUIRE lists ${component}, but it was not found here`);
      }
      await body(where, t);
    },
  });
}
