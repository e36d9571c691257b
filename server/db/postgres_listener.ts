/** LISTEN on a connection of its own, which is opened again when it breaks. @module */
// @ts-types="@types/pg"
import type pg from "pg";
import type { Database } from "./database.ts";

/** Milliseconds until the next try to connect, doubled from the first to the last. */
const firstDelay = 50;
const lastDelay = 1000;

export interface PostgresListener {
  /** See {@linkcode Database}. What is notified while the connection is away is not heard. */
  listen: Database["listen"];
  close(): Promise<void>;
}

/** Listens with the clients that `create` makes; the first is made for the first listener. */
export function createListener(create: () => pg.Client): PostgresListener {
  const channels = new Map<string, Set<(payload: string) => void>>();
  let connection: Promise<pg.Client> | null = null;
  let isClosed = false;
  let delay = firstDelay;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const quoted = (channel: string) => `"${channel.replaceAll('"', '""')}"`;

  async function open(): Promise<pg.Client> {
    const client = create();
    client.on("notification", ({ channel, payload }) => {
      for (const listener of channels.get(channel) ?? []) listener(payload ?? "");
    });
    let isOpen = false;
    const lost = () => {
      if (!isOpen) return;
      isOpen = false;
      connection = null;
      reopen();
    };
    client.on("error", lost);
    client.on("end", lost);
    try {
      await client.connect();
      for (const channel of channels.keys()) await client.query(`listen ${quoted(channel)}`);
      isOpen = true;
      delay = firstDelay;
      return client;
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
  }

  function reopen(): void {
    if (isClosed || channels.size === 0) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      connection ??= open();
      connection.catch(() => {
        connection = null;
        delay = Math.min(2 * delay, lastDelay);
        reopen();
      });
    }, delay);
  }

  async function stop(channel: string, listener: (payload: string) => void): Promise<void> {
    const listeners = channels.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    channels.delete(channel);
    const client = await connection?.catch(() => null);
    await client?.query(`unlisten ${quoted(channel)}`).catch(() => {});
  }

  return {
    async listen(channel, listener) {
      const listeners = channels.get(channel);
      if (listeners) listeners.add(listener);
      else {
        channels.set(channel, new Set([listener]));
        try {
          // One that opens now listens to all channels; an older one is told of this one.
          if (connection) await (await connection).query(`listen ${quoted(channel)}`);
          else await (connection = open());
        } catch (error) {
          channels.delete(channel);
          connection = null;
          throw error;
        }
      }
      return () => stop(channel, listener);
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      channels.clear();
      const client = await connection?.catch(() => null);
      await client?.end();
    },
  };
}
