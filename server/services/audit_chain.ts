/**
 * The hash that ties an audit entry to all entries before it.
 *
 * `hash = SHA-256(canonical JSON of [seq, at, actor, action, target, details, requestId, previous])`
 * in hex; the first entry's previous hash is 64 zeros. Canonical JSON here: object keys sorted,
 * no blanks.
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { AuditRow } from "../db/audit.ts";

export const firstPreviousHash = "0".repeat(64);

/** JSON with sorted keys and without blanks; members without a value are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** The hash that belongs to the entry. */
export function auditHash(row: Omit<AuditRow, "hash">): string {
  const text = canonicalJson([
    row.seq,
    row.at,
    row.actor,
    row.action,
    row.target,
    row.details,
    row.request_id,
    row.previous_hash,
  ]);
  return bytesToHex(sha256(utf8ToBytes(text)));
}
