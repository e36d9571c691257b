/** SQL of artifact names and the contents they point to. @module */
import type { Sql } from "./database.ts";

export interface ArtifactRow extends Record<string, unknown> {
  path: string;
  sha256: string;
  size: number;
  content_type: string | null;
}

/** Points the name to the content; what it pointed to before stays until garbage is collected. */
export async function putArtifact(
  sql: Sql,
  artifact: { path: string; sha256: string; size: number; contentType?: string },
): Promise<void> {
  const { path, sha256, size, contentType } = artifact;
  await sql.query(
    `with blob as (
       insert into artifact_blobs (sha256, size) values ($2, $3)
       on conflict (sha256) do update set created_at = now()
     )
     insert into artifacts (path, sha256, size, content_type) values ($1, $2, $3, $4)
     on conflict (path) do update set sha256 = excluded.sha256, size = excluded.size,
       content_type = excluded.content_type, updated_at = now()`,
    [path, sha256, size, contentType ?? null],
  );
}

/** Notes contents that nothing names yet, so that garbage collection knows of them. */
export async function registerBlob(
  sql: Sql,
  blob: { sha256: string; size: number },
): Promise<void> {
  await sql.query(
    `insert into artifact_blobs (sha256, size) values ($1, $2)
     on conflict (sha256) do update set created_at = now()`,
    [blob.sha256, blob.size],
  );
}

export async function findArtifact(sql: Sql, path: string): Promise<ArtifactRow | null> {
  const rows = await sql.query<ArtifactRow>(
    "select path, sha256, size, content_type from artifacts where path = $1",
    [path],
  );
  return rows[0] ?? null;
}

/** Names under the folder are those in this range: "0" is the character after "/". */
const under = "path >= $1 || '/' and path < $1 || '0'";

/** Files and folders directly in `folder` ("" is the root), by name; size is null for a folder. */
export async function listFolder(
  sql: Sql,
  folder: string,
): Promise<{ name: string; size: number | null }[]> {
  const inside = folder === "" ? "true or $1 = ''" : under;
  return await sql.query(
    `select name, max(size) filter (where not deeper) as size from (
       select split_part(rest, '/', 1) as name, position('/' in rest) > 0 as deeper, size
       from (select case when $1 = '' then path else substr(path, length($1) + 2) end as rest, size
         from artifacts where ${inside}) r) n
     group by name order by name collate "C"`,
    [folder],
  );
}

/** Removes the name, or all names in the folder; returns how many. */
export async function removeArtifacts(sql: Sql, path: string): Promise<number> {
  const rows = await sql.query(
    `delete from artifacts where path = $1 or (${under}) returning 1`,
    [path],
  );
  return rows.length;
}

/** Contents that nothing points to for `olderThanMs`, removed from the books and returned. */
export async function takeUnusedBlobs(sql: Sql, olderThanMs: number): Promise<string[]> {
  const rows = await sql.query<{ sha256: string }>(
    `delete from artifact_blobs b where b.created_at <= now() - make_interval(secs => $1::float8 / 1000)
       and not exists (select 1 from artifacts a where a.sha256 = b.sha256)
       and not exists (select 1 from artifact_upload_parts p where p.sha256 = b.sha256)
     returning sha256`,
    [olderThanMs],
  );
  return rows.map((row) => row.sha256);
}
