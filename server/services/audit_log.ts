/**
 * The audit log over the database: appending, reading, and proving that nothing was changed.
 *
 * The chain shows a change or a removal inside the log. Someone who may rewrite the whole table could
 * make a new chain; so each server also notes the numbers and hashes that it appended in a file
 * outside the database ("anchors"), and verification holds the log against it.
 * @module
 */
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { AuditRecord, AuditVerification } from "../../lib/contracts/governance/mod.ts";
import { appendAudit, type AuditQuery, type AuditRow, readAudit, scanAudit } from "../db/audit.ts";
import type { Database, Sql } from "../db/database.ts";
import type { AuditEntry, AuditService } from "./audit.ts";
import { auditHash, canonicalJson, firstPreviousHash } from "./audit_chain.ts";
import type { Clock } from "./clock.ts";

export interface AuditLog extends AuditService {
  /** Appends within a transaction: the entry stands or falls with it. Call `anchor` afterwards. */
  appendIn(tx: Sql, entry: AuditEntry): Promise<void>;
  /** Notes the last entry outside the database. */
  anchor(): Promise<void>;
  /** Newest first. */
  list(query: Partial<AuditQuery>): Promise<AuditRecord[]>;
  verify(): Promise<AuditVerification>;
}

export interface AuditLogOptions {
  db: Database;
  clock: Clock;
  /** File of anchors; absent: none are kept. */
  anchorFile?: string;
}

function toRecord(row: AuditRow): AuditRecord {
  return {
    seq: row.seq,
    at: row.at,
    actor: row.actor,
    action: row.action,
    target: row.target,
    details: JSON.parse(row.details),
    requestId: row.request_id,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

/** The audit log of a server. */
export function createAuditLog({ db, clock, anchorFile }: AuditLogOptions): AuditLog {
  const append = (tx: Sql, entry: AuditEntry) =>
    appendAudit(tx, (last) => {
      const row = {
        seq: (last?.seq ?? 0) + 1,
        at: clock.now(),
        actor: entry.actor,
        action: entry.action,
        target: entry.target,
        details: canonicalJson(entry.details ?? {}),
        request_id: entry.requestId ?? null,
        previous_hash: last?.hash ?? firstPreviousHash,
      };
      return { ...row, hash: auditHash(row) };
    });
  return {
    async append(entry) {
      const row = await db.transaction((tx) => append(tx, entry));
      if (anchorFile) await writeAnchor(anchorFile, row);
    },
    async appendIn(tx, entry) {
      await append(tx, entry);
    },
    async anchor() {
      const [row] = anchorFile ? await readAudit(db, { limit: 1 }) : [];
      if (row) await writeAnchor(anchorFile!, row);
    },
    async list(query) {
      const limit = Math.min(1000, query.limit ?? 100);
      return (await readAudit(db, { ...query, limit })).map(toRecord);
    },
    verify: () => verifyAudit(db, { anchorFile }),
  };
}

async function writeAnchor(file: string, { seq, hash }: AuditRow): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await appendFile(file, `${seq} ${hash}\n`, { mode: 0o600 });
}

async function readAnchors(file: string | undefined): Promise<Map<number, string>> {
  const anchors = new Map<number, string>();
  const text = file ? await readFile(file, "utf8").catch(() => "") : "";
  for (const line of text.split("\n")) {
    const match = line.match(/^(\d+) ([0-9a-f]{64})$/);
    // The first note counts: a later one of the same number tells of a log that was cut.
    if (match && !anchors.has(Number(match[1]))) anchors.set(Number(match[1]), match[2]);
  }
  return anchors;
}

/**
 * Reads the whole log and says whether every entry hashes to what it says, follows the one before,
 * and is the one that was noted when it was appended.
 */
export async function verifyAudit(
  db: Database,
  options: { anchorFile?: string } = {},
): Promise<AuditVerification> {
  const anchors = await readAnchors(options.anchorFile);
  let entries = 0;
  let head = firstPreviousHash;
  const broken = (seq: number, reason: string): AuditVerification => ({
    ok: false,
    entries,
    head,
    brokenAt: seq,
    reason,
  });
  for await (const row of scanAudit(db)) {
    if (row.seq !== entries + 1) {
      return broken(entries + 1, `entry ${entries + 1} is missing: ${row.seq} comes next`);
    }
    if (row.previous_hash !== head) {
      return broken(row.seq, `entry ${row.seq} does not follow the entry before it`);
    }
    if (auditHash(row) !== row.hash) {
      return broken(row.seq, `entry ${row.seq} was changed after it was written`);
    }
    const anchor = anchors.get(row.seq);
    if (anchor !== undefined && anchor !== row.hash) {
      return broken(row.seq, `entry ${row.seq} is not the one that the anchor file noted`);
    }
    entries++;
    head = row.hash;
  }
  let last = 0;
  for (const seq of anchors.keys()) if (seq > last) last = seq;
  if (last > entries) {
    return broken(
      entries + 1,
      `the log ends at entry ${entries}, but the anchor file noted ${last} entries`,
    );
  }
  return { ok: true, entries, head, brokenAt: null, reason: null };
}
