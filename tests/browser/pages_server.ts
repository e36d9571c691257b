/** The whole server with the built pages on a free port, for tests in a browser. @module */
import { readConfig } from "../../server/config.ts";
import { createLogger } from "../../server/log.ts";
import { type RunningServer, startServer } from "../../server/start.ts";
import { buildUi } from "../../ui/build.ts";
import { openTestDatabase } from "../support/server.ts";

/** Builds are kept here between runs: unchanged pages are not built again. */
const uiDir = `${Deno.env.get("TMPDIR") ?? "/tmp"}/tapebook-ui-builds`;

/** Folder of the built pages, built now if they changed. */
export async function builtPages(): Promise<string> {
  return (await buildUi({ outDir: uiDir })).dir;
}

/** A server over a fresh PGlite in a temporary home; closing it removes both. */
export async function startPagesServer(): Promise<RunningServer> {
  const home = await Deno.makeTempDir({ prefix: "tapebook-browser-" });
  const config = readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0" });
  const server = await startServer(config, {
    uiDir: await builtPages(),
    log: createLogger("silent"),
    db: await openTestDatabase("pglite"),
  });
  return {
    ...server,
    async close() {
      await server.close();
      await Deno.remove(home, { recursive: true });
    },
  };
}
