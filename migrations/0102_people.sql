-- Users, their sessions and tokens, permissions on experiments, quotas. New tables only.

create table users (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9._@-]{0,99}$'),
  role text not null check (role in ('viewer', 'researcher', 'reviewer', 'admin')),
  -- Null: signs in by tokens only.
  password_hash text,
  disabled boolean not null default false,
  created_at bigint not null,
  updated_at bigint not null
);

-- Sessions of browsers and tokens of programs. The token itself is not kept, only its id.
create table user_tokens (
  token_id text primary key,
  user_name text not null references users on delete cascade,
  kind text not null check (kind in ('session', 'token')),
  label text not null,
  scopes text not null,
  created_at bigint not null,
  expires_at bigint not null,
  last_used_at bigint,
  revoked_at bigint
);
create index user_tokens_by_user on user_tokens (user_name, created_at desc);
create index user_tokens_by_expiry on user_tokens (expires_at);

-- user_name '*' is everybody without an entry of their own. Without any entry the role decides.
create table experiment_permissions (
  experiment_id bigint not null references experiments on delete cascade,
  user_name text not null,
  level text not null check (level in ('none', 'read', 'write', 'manage')),
  primary key (experiment_id, user_name)
);

create table user_quotas (
  user_name text primary key references users on delete cascade,
  requests_per_day bigint check (requests_per_day >= 0),
  artifact_bytes_per_day bigint check (artifact_bytes_per_day >= 0)
);
