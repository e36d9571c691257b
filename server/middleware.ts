/** Middleware that every request passes: request ids, access log, security headers, body limit. @module */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./env.ts";
import { ApiError } from "./errors.ts";

const requestIdPattern = /^[\w-]{1,64}$/;

/** Gives the request an id (the caller's own X-Request-Id when it is plain), and logs the answer. */
export function requestLog(): MiddlewareHandler<AppEnv> {
  return async function requestLog(c, next) {
    const given = c.req.header("x-request-id");
    const id = given && requestIdPattern.test(given) ? given : crypto.randomUUID();
    c.set("requestId", id);
    const started = performance.now();
    await next();
    c.header("X-Request-Id", id);
    const { log } = c.get("services");
    const status = c.res.status;
    const fields = {
      requestId: id,
      method: c.req.method,
      path: c.req.path,
      status,
      ms: Math.round((performance.now() - started) * 100) / 100,
    };
    if (status >= 500) log.error("request", fields);
    else log.debug("request", fields);
  };
}

/** Sends a path that begins with several slashes to the one with a single slash. */
export function mergeSlashes(): MiddlewareHandler<AppEnv> {
  return async function mergeSlashes(c, next) {
    const { pathname, search } = new URL(c.req.url);
    if (!pathname.startsWith("//")) return await next();
    return c.redirect(pathname.replace(/^\/+/, "/") + search, 308);
  };
}

/** Headers that keep a browser from sniffing, framing, or running foreign code. */
export function securityHeaders(): MiddlewareHandler<AppEnv> {
  const policy = [
    "default-src 'self'",
    "img-src 'self' data: blob:",
    "style-src 'self' 'unsafe-inline'",
    "script-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
  ].join("; ");
  return async function securityHeaders(c, next) {
    await next();
    const headers = c.res.headers;
    if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", policy);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("X-Frame-Options", "DENY");
    headers.set("Referrer-Policy", "same-origin");
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
  };
}

/**
 * Refuses a body larger than `maxBytes` by its declared length, and cuts off one that turns out
 * larger while it is read. Paths for which `isStreamed` holds are left alone.
 */
export function bodyLimit(
  maxBytes: number,
  isStreamed: (path: string) => boolean,
): MiddlewareHandler<AppEnv> {
  const tooLarge = () =>
    new ApiError(
      "CONTENT_TOO_LARGE",
      `Cannot read the request: its body must be at most ${maxBytes} bytes`,
    );
  return async function bodyLimit(c, next) {
    const raw = c.req.raw;
    if (!raw.body || isStreamed(c.req.path)) return await next();
    const declared = raw.headers.get("content-length");
    if (declared !== null) {
      if (Number(declared) > maxBytes) throw tooLarge();
      return await next();
    }
    let read = 0;
    const limited = raw.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          read += chunk.byteLength;
          if (read > maxBytes) controller.error(tooLarge());
          else controller.enqueue(chunk);
        },
      }),
    );
    c.req.raw = new Request(raw, { body: limited, duplex: "half" } as RequestInit);
    await next();
  };
}
