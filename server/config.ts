/** The server's configuration, read once at start from the environment and checked whole. @module */
import { resolve } from "node:path";
import { z } from "zod";

const port = z.string().regex(/^\d+$/, "must be a whole number").transform(Number)
  .refine((n) => n <= 65535, "must be between 0 and 65535");
const bytes = z.string().regex(/^\d+$/, "must be a whole number of bytes").transform(Number);
const whole = (what: string) =>
  z.string().regex(/^\d{1,5}$/, `must be a whole number of ${what}`).transform(Number);
const url = (...protocols: string[]) =>
  z.string().refine((text) => {
    try {
      return protocols.includes(new URL(text).protocol);
    } catch {
      return false;
    }
  }, `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(" or ")}`);

const environment = z.object({
  TAPEBOOK_HOME: z.string().default(".tapebook"),
  DATABASE_URL: url("postgres:", "postgresql:").optional(),
  REDIS_URL: url("redis:", "rediss:").optional(),
  TAPEBOOK_PORT: port.default(5000),
  TAPEBOOK_HOST: z.string().default("127.0.0.1"),
  TAPEBOOK_AUTH: z.enum(["on", "off"]).optional(),
  TAPEBOOK_ARTIFACTS: z.string().optional(),
  TAPEBOOK_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  TAPEBOOK_MAX_BODY_BYTES: bytes.default(16 * 1024 * 1024),
  TAPEBOOK_SECRET_KEY: z.string().min(16, "must have at least 16 characters").optional(),
  TAPEBOOK_WEBHOOK_HOSTS: z.string().default(""),
  TAPEBOOK_PUBLIC_URL: url("http:", "https:").optional(),
  TAPEBOOK_GC_HOURS: whole("hours").default(0),
  TAPEBOOK_GC_KEEP_DAYS: whole("days").default(30),
  TAPEBOOK_PREDICTION_DAYS: whole("days").default(0),
});

export interface Config {
  /** Absolute folder of all state. */
  home: string;
  /** PostgreSQL; when absent PGlite keeps the database under `home`. */
  databaseUrl?: string;
  redisUrl?: string;
  host: string;
  /** 0 picks a free port. */
  port: number;
  /** On unless the host is a loopback address; TAPEBOOK_AUTH decides otherwise. */
  auth: "on" | "off";
  /** Where artifact bytes are kept: a folder, or `s3://bucket/prefix`. */
  artifacts: string;
  logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Largest JSON body that is read, in bytes; artifacts are streamed and not held to it. */
  maxBodyBytes: number;
  /** Key from which sessions and secrets are protected; made and kept under `home` when absent. */
  secretKey?: string;
  /** Hosts (`host` or `host:port`) that webhooks may reach though they are private. */
  webhookHosts: string[];
  /** The address users reach this server at, when it is behind a proxy. */
  publicUrl?: string;
  /** Garbage is collected this often; 0 leaves it to `tapebook gc`. */
  gcEveryHours: number;
  /** The scheduled collection leaves what was deleted fewer days ago. */
  gcKeepDays: number;
  /** The scheduled collection removes logs of predictions older than this; 0 keeps them all. */
  predictionDays: number;
}

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);

/** A configuration that was refused; `faults` has one sentence per variable at fault. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly faults: string[]) {
    super(`Cannot read the configuration: ${faults.join("; ")}`);
  }
}

/**
 * The configuration in `env`; empty variables count as absent.
 *
 * @throws {ConfigError} Naming every variable that is wrong, its value and what is allowed.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const secret = /URL|KEY/.test(name) && name !== "TAPEBOOK_PUBLIC_URL";
      const said = secret ? "a value that does not fit" : JSON.stringify(given[name]);
      const rule = issue.code === "invalid_value"
        ? `must be one of ${issue.values.join(", ")}`
        : issue.message;
      return `${name} ${rule}, got ${said}`;
    }));
  }
  const e = parsed.data;
  const home = resolve(e.TAPEBOOK_HOME);
  return {
    home,
    databaseUrl: e.DATABASE_URL,
    redisUrl: e.REDIS_URL,
    host: e.TAPEBOOK_HOST,
    port: e.TAPEBOOK_PORT,
    auth: e.TAPEBOOK_AUTH ?? (loopback.has(e.TAPEBOOK_HOST) ? "off" : "on"),
    artifacts: e.TAPEBOOK_ARTIFACTS ?? `${home}/artifacts`,
    logLevel: e.TAPEBOOK_LOG_LEVEL,
    maxBodyBytes: e.TAPEBOOK_MAX_BODY_BYTES,
    secretKey: e.TAPEBOOK_SECRET_KEY,
    webhookHosts: e.TAPEBOOK_WEBHOOK_HOSTS.split(",").map((h) => h.trim()).filter(Boolean),
    publicUrl: e.TAPEBOOK_PUBLIC_URL,
    gcEveryHours: e.TAPEBOOK_GC_HOURS,
    gcKeepDays: e.TAPEBOOK_GC_KEEP_DAYS,
    predictionDays: e.TAPEBOOK_PREDICTION_DAYS,
  };
}
