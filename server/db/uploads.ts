/** SQL of uploads in parts. @module */
import type { Sql } from "./database.ts";

export interface PartRow extends Record<string, unknown> {
  part_number: number;
  sha256: string;
  size: number;
}

export async function insertUpload(
  sql: Sql,
  upload: { uploadId: string; path: string; parts: number },
): Promise<void> {
  await sql.query(
    "insert into artifact_uploads (upload_id, path, num_parts) values ($1, $2, $3)",
    [upload.uploadId, upload.path, upload.parts],
  );
}

export async function findUpload(
  sql: Sql,
  uploadId: string,
): Promise<{ path: string; num_parts: number } | null> {
  const rows = await sql.query<{ path: string; num_parts: number }>(
    "select path, num_parts from artifact_uploads where upload_id = $1",
    [uploadId],
  );
  return rows[0] ?? null;
}

/** Keeps a part; sent again, it replaces the one before. */
export async function putPart(
  sql: Sql,
  part: { uploadId: string; number: number; sha256: string; size: number },
): Promise<void> {
  await sql.query(
    `insert into artifact_blobs (sha256, size) values ($1, $2)
     on conflict (sha256) do update set created_at = now()`,
    [part.sha256, part.size],
  );
  await sql.query(
    `insert into artifact_upload_parts (upload_id, part_number, sha256, size)
     values ($1, $2, $3, $4) on conflict (upload_id, part_number)
     do update set sha256 = excluded.sha256, size = excluded.size`,
    [part.uploadId, part.number, part.sha256, part.size],
  );
}

export async function findParts(sql: Sql, uploadId: string): Promise<PartRow[]> {
  return await sql.query<PartRow>(
    `select part_number, sha256, size from artifact_upload_parts where upload_id = $1
     order by part_number`,
    [uploadId],
  );
}

/** False when there was no such upload. */
export async function deleteUpload(sql: Sql, uploadId: string): Promise<boolean> {
  const rows = await sql.query("delete from artifact_uploads where upload_id = $1 returning 1", [
    uploadId,
  ]);
  return rows.length > 0;
}

/** Removes uploads that nobody finished. */
export async function deleteStaleUploads(sql: Sql, olderThanMs: number): Promise<void> {
  await sql.query(
    "delete from artifact_uploads where created_at < now() - make_interval(secs => $1::float8 / 1000)",
    [olderThanMs],
  );
}
