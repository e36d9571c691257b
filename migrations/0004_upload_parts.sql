-- Parts of uploads that are not complete yet. New table only: locks nothing.

create table artifact_upload_parts (
  upload_id text not null references artifact_uploads on delete cascade,
  part_number integer not null check (part_number > 0),
  sha256 text collate "C" not null references artifact_blobs,
  size bigint not null,
  primary key (upload_id, part_number)
);
create index artifact_upload_parts_by_blob on artifact_upload_parts (sha256);
