/**
 * Keeps other sites' pages from acting through a visitor's browser.
 *
 * - A request that changes something and comes from a page (it has an Origin) must come from our own
 *   pages. A sign-in by cookie without an Origin must show the session's CSRF token.
 * - On a loopback address without sign-in, the Host must be a loopback name: else a page whose name
 *   was made to point at 127.0.0.1 (DNS rebinding) could read everything.
 * @module
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { timingSafeEqual } from "node:crypto";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

export function isSafe(method: string): boolean {
  return safeMethods.has(method);
}

/** The token that belongs to a session. */
export function csrfToken(key: Uint8Array, sessionId: string): string {
  return bytesToHex(hmac(sha256, key, utf8ToBytes(sessionId)));
}

export function isCsrfToken(key: Uint8Array, sessionId: string, given: string): boolean {
  const wanted = utf8ToBytes(csrfToken(key, sessionId));
  const got = utf8ToBytes(given);
  return wanted.length === got.length && timingSafeEqual(wanted, got);
}

/** Whether the Origin is the address that the request was sent to, or the public one. */
export function isOwnOrigin(
  origin: string,
  host: string | undefined,
  publicUrl: string | undefined,
): boolean {
  if (!URL.canParse(origin)) return false;
  const from = new URL(origin);
  if (publicUrl !== undefined && from.origin === new URL(publicUrl).origin) return true;
  return host !== undefined && from.host === host.toLowerCase();
}

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** Whether the Host names this machine's loopback, or the public address. */
export function isExpectedHost(host: string | undefined, publicUrl: string | undefined): boolean {
  if (host === undefined) return true;
  if (loopbackHost.test(host)) return true;
  return publicUrl !== undefined && new URL(publicUrl).host === host.toLowerCase();
}
