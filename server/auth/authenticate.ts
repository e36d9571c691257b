/**
 * Finds out who a request comes from: a Bearer token, a name and password (Basic; a token may stand
 * for the password), or a browser's session cookie; and whether that may ask what it asks.
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { scopes as allScopes } from "../../lib/contracts/people/mod.ts";
import type { AppEnv } from "../env.ts";
import { ApiError } from "../errors.ts";
import type { Identity } from "../services/users.ts";
import { accessOf } from "./access_rules.ts";
import { isCsrfToken, isExpectedHost, isOwnOrigin, isSafe } from "./same_origin.ts";

export const sessionCookie = "tapebook_session";
/** With authentication off, programs may say whom they act for. */
export const userHeader = "x-tapebook-user";

/** A part of JWT syntax: what a password that is a token looks like. */
const tokenPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/;

function parseBasic(credentials: string): [name: string, password: string] | null {
  try {
    const bytes = Uint8Array.fromBase64(credentials.trim());
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const colon = text.indexOf(":");
    return colon < 0 ? null : [text.slice(0, colon), text.slice(colon + 1)];
  } catch {
    return null;
  }
}

/** The caller's address as the socket knows it. */
export function remoteAddress(c: Context<AppEnv>): string {
  const env = c.env as { remoteAddress?: string } | undefined;
  return env?.remoteAddress ?? "local";
}

async function identify(c: Context<AppEnv>): Promise<Identity | null> {
  const { users } = c.get("services");
  const header = c.req.header("authorization");
  if (header !== undefined) {
    const [, scheme, credentials] = header.match(/^(\w+)\s+(.+)$/) ?? [];
    if (/^bearer$/i.test(scheme)) return await users.verify(credentials.trim());
    const pair = /^basic$/i.test(scheme) ? parseBasic(credentials) : null;
    if (pair === null) {
      throw new ApiError(
        "UNAUTHENTICATED",
        "Cannot sign in: Authorization must be Basic or Bearer with credentials",
      );
    }
    const [name, password] = pair;
    return tokenPattern.test(password)
      ? await users.verify(password)
      : await users.signIn(name, password, remoteAddress(c));
  }
  const cookie = getCookie(c, sessionCookie);
  if (cookie === undefined) return null;
  try {
    return await users.verify(cookie);
  } catch (error) {
    // An old cookie is as good as none: the pages show the sign-in again.
    if (error instanceof ApiError && error.code === "UNAUTHENTICATED") return null;
    throw error;
  }
}

const denied = (message: string) => new ApiError("PERMISSION_DENIED", message);

/** Sets `caller` and `identity`, and refuses who may not do what the route does. */
export function authenticate(): MiddlewareHandler<AppEnv> {
  return async function authenticate(c, next) {
    const { config, csrfKey } = c.get("services");
    const { method, path } = c.req;
    const origin = c.req.header("origin");
    const isForeign = origin !== undefined &&
      !isOwnOrigin(origin, c.req.header("host"), config.publicUrl);
    const isByHeader = c.req.header("authorization") !== undefined;
    if (isForeign && !isSafe(method) && !isByHeader) {
      throw denied(`Cannot ${method} ${path}: Origin must be this server's own, got ${origin}`);
    }

    if (config.auth === "off") {
      if (!isExpectedHost(c.req.header("host"), config.publicUrl) && isLoopback(config.host)) {
        throw denied(
          `Cannot answer: Host must be a loopback name while sign-in is off, got ${
            c.req.header("host")
          } (set TAPEBOOK_PUBLIC_URL to the address that users reach this server at)`,
        );
      }
      const basic = c.req.header("authorization")?.match(/^basic\s+(.+)$/i)?.[1];
      const name = c.req.header(userHeader) ?? (basic && parseBasic(basic)?.[0]) ?? "local";
      c.set("caller", { name: name.slice(0, 100), scopes: allScopes });
      c.set("identity", null);
      return await next();
    }

    const access = accessOf(method, path);
    const identity = access === "public" && !isByHeader && path !== "/api/tapebook/v1/session"
      ? null
      : await identify(c);
    if (identity === null) {
      if (access !== "public") {
        throw new ApiError("UNAUTHENTICATED", `Cannot ${method} ${path}: sign in first`);
      }
      c.set("caller", { name: "anonymous", scopes: [] });
      c.set("identity", null);
      return await next();
    }
    if (identity.kind === "session" && !isSafe(method) && origin === undefined) {
      const given = c.req.header("x-csrf-token");
      if (given === undefined || !isCsrfToken(csrfKey, identity.tokenId!, given)) {
        throw denied(
          `Cannot ${method} ${path}: a session's request must have an Origin or an X-CSRF-Token`,
        );
      }
    }
    if (access !== "public" && access !== "signedIn" && !identity.scopes.includes(access)) {
      throw denied(
        `Cannot ${method} ${path}: it needs the scope ${access}, and ${identity.name} has ${
          identity.scopes.join(", ") || "none"
        }`,
      );
    }
    c.set("caller", { name: identity.name, scopes: identity.scopes });
    c.set("identity", identity);
    await next();
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
