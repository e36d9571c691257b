-- Names of artifacts and the content they point to. New tables only: locks nothing.

-- One row per distinct content. Bytes lie in the blob store under their SHA-256.
create table artifact_blobs (
  sha256 text collate "C" primary key,
  size bigint not null check (size >= 0),
  created_at timestamptz not null default now()
);

-- path is `<experiment>/<run>/artifacts/…`, without a leading slash. "C" so that a folder is a range.
create table artifacts (
  path text collate "C" primary key,
  sha256 text collate "C" not null references artifact_blobs,
  size bigint not null,
  content_type text,
  updated_at timestamptz not null default now()
);
create index artifacts_by_blob on artifacts (sha256);

-- Uploads in parts that are not complete yet.
create table artifact_uploads (
  upload_id text primary key,
  path text not null,
  num_parts integer not null,
  created_at timestamptz not null default now()
);
