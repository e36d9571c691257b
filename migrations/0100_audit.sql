-- The audit log: appended under a lock, each entry hashed with the one before. New table only.

create table audit_entries (
  seq bigint primary key check (seq > 0),
  at bigint not null,
  actor text not null,
  action text not null,
  target text not null,
  -- Canonical JSON as text: jsonb would rewrite the bytes that the hash was made from.
  details text not null,
  request_id text,
  previous_hash text not null,
  hash text not null
);
create index audit_entries_by_target on audit_entries (target, seq desc);
create index audit_entries_by_actor on audit_entries (actor, seq desc);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only';
end
$$;
create trigger audit_entries_append_only before update or delete on audit_entries
  for each row execute function refuse_audit_change();
create trigger audit_entries_keep before truncate on audit_entries
  for each statement execute function refuse_audit_change();
