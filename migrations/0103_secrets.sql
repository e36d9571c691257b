-- Secrets under envelope encryption: each is sealed with a data key, the data keys with the master
-- key, which is never in the database. New tables only.

create table secret_keys (
  key_id text primary key,
  -- nonce and ciphertext of the data key, base64
  wrapped text not null,
  -- which master key wrapped it: the start of a hash, to tell a wrong one from a damaged entry
  master_id text not null,
  created_at bigint not null,
  active boolean not null
);
create unique index secret_keys_active on secret_keys (active) where active;

create table secrets (
  name text primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$'),
  kind text not null,
  description text not null default '',
  key_id text not null references secret_keys,
  sealed text not null,
  created_by text not null,
  created_at bigint not null,
  updated_at bigint not null
);
