/** Runs a server as a process of its own, for tests that kill it. Prints its address as JSON. @module */
import { readConfig } from "../../server/config.ts";
import { startServer } from "../../server/start.ts";

const server = await startServer(readConfig(Deno.env.toObject()));
console.log(JSON.stringify({ url: server.url }));
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.addSignalListener(signal, async () => {
    await server.close();
    Deno.exit(0);
  });
}
