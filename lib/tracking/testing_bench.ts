/** A tracking server and a spool folder for each test of this room. @module */
import { connect, type ConnectOptions, type Tracker } from "./mod.ts";
import { TestingServer } from "./testing_server.ts";

export interface Bench {
  server: TestingServer;
  spoolDir: string;
  warnings: string[];
  open(options?: ConnectOptions): Tracker;
}

/** A test with a server and a spool folder of its own; trackers are closed afterwards. */
export function trackingTest(name: string, body: (bench: Bench) => Promise<void>): void {
  Deno.test(name, async () => {
    const server = new TestingServer();
    const spoolDir = await Deno.makeTempDir();
    const trackers: Tracker[] = [];
    const warnings: string[] = [];
    try {
      await body({
        server,
        spoolDir,
        warnings,
        open: (options) => {
          const tracker = connect(server.uri, {
            spoolDir,
            flushIntervalMs: 5,
            backoffBaseMs: 5,
            maxBackoffMs: 20,
            offlineAfterMs: 100,
            retries: 2,
            warn: (m) => warnings.push(m),
            ...options,
          });
          trackers.push(tracker);
          return tracker;
        },
      });
    } finally {
      for (const tracker of trackers) await tracker.close();
      await server.stop();
      await Deno.remove(spoolDir, { recursive: true });
    }
  });
}
