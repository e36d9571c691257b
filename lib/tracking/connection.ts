/**
 * Where the tracking server is and how to sign in there, from arguments and from the environment
 * variables that MLflow's own clients use.
 * @module
 */

/** Address and credentials of a tracking server. */
export interface Connection {
  /** Base address without a trailing slash. */
  readonly uri: string;
  /** Value of the Authorization header, or null. */
  readonly authorization: string | null;
}

export interface ConnectionOptions {
  /** Bearer token; default `MLFLOW_TRACKING_TOKEN`. */
  token?: string;
  /** Basic user name; default `MLFLOW_TRACKING_USERNAME`. */
  username?: string;
  /** Basic password; default `MLFLOW_TRACKING_PASSWORD`. */
  password?: string;
}

export const defaultTrackingUri = "http://127.0.0.1:5000";

/** Reads one variable; null where the program lacks the permission or the variable. */
export function readEnv(name: string): string | null {
  try {
    return Deno.env.get(name) || null;
  } catch {
    return null;
  }
}

function basic(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * The connection for `uri`, or for TAPEBOOK_TRACKING_URI, MLFLOW_TRACKING_URI or the default, in
 * this order. Credentials inside the address are accepted and taken out of it. As MLflow does, a
 * user name and password win over a token.
 *
 * @throws {TypeError} If the address is no http(s) URL.
 */
export function resolveConnection(uri?: string, options: ConnectionOptions = {}): Connection {
  const text = uri ?? readEnv("TAPEBOOK_TRACKING_URI") ?? readEnv("MLFLOW_TRACKING_URI") ??
    defaultTrackingUri;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError(
      `Cannot connect to tracking server: uri must be an http or https address, got "${text}"`,
    );
  }
  const username = options.username ?? (url.username ? decodeURIComponent(url.username) : null) ??
    (options.token ? null : readEnv("MLFLOW_TRACKING_USERNAME"));
  const password = options.password ?? (url.password ? decodeURIComponent(url.password) : null) ??
    (options.token ? null : readEnv("MLFLOW_TRACKING_PASSWORD"));
  const token = options.token ?? readEnv("MLFLOW_TRACKING_TOKEN");
  url.username = "";
  url.password = "";
  url.hash = "";
  url.search = "";
  const authorization = username !== null
    ? basic(username, password ?? "")
    : token !== null
    ? `Bearer ${token}`
    : null;
  return { uri: url.href.replace(/\/+$/, ""), authorization };
}
