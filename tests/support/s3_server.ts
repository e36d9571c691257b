/** A throw-away S3 server with the bucket `models`, which this process's environment names. @module */

export interface S3Server {
  port: number;
  /** Ends it, as a bucket that is away. */
  stop(): Promise<void>;
  /** Ends it and puts the environment back as it was. */
  close(): Promise<void>;
}

/** Starts it; artifacts of `s3://models/…` lie in a temporary folder then. */
export async function startS3(): Promise<S3Server> {
  const { default: S3rver } = await import("s3rver");
  const directory = await Deno.makeTempDir({ prefix: "tapebook-s3-" });
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: "models", configs: [] }],
  });
  const { port } = await server.run();
  const env: Record<string, string> = {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "S3RVER",
    AWS_SECRET_ACCESS_KEY: "S3RVER",
  };
  const before = Object.keys(env).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  let stopped: Promise<void> | undefined;
  const stop = () => stopped ??= server.close();
  return {
    port,
    stop,
    async close() {
      for (const [name, value] of before) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
      await stop();
      await Deno.remove(directory, { recursive: true });
    },
  };
}
