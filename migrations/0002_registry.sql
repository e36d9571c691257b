-- Registered models, versions, aliases, webhooks. New tables only: locks nothing.

create table registered_models (
  name text primary key,
  description text,
  creation_time bigint not null,
  last_update_time bigint not null
);

create table registered_model_tags (
  name text not null references registered_models on update cascade on delete cascade,
  key text not null,
  value text not null,
  primary key (name, key)
);

create table model_versions (
  name text not null references registered_models on update cascade on delete cascade,
  version integer not null check (version > 0),
  description text,
  user_id text,
  current_stage text not null default 'None'
    check (current_stage in ('None', 'Staging', 'Production', 'Archived', 'Deleted_Internal')),
  source text,
  run_id text,
  run_link text,
  model_id text,
  status text not null default 'READY'
    check (status in ('PENDING_REGISTRATION', 'FAILED_REGISTRATION', 'READY')),
  status_message text,
  creation_time bigint not null,
  last_update_time bigint not null,
  primary key (name, version)
);
create index model_versions_by_run on model_versions (run_id);
create index model_versions_by_update on model_versions (last_update_time desc, name, version desc);

create table model_version_tags (
  name text not null,
  version integer not null,
  key text not null,
  value text not null,
  primary key (name, version, key),
  foreign key (name, version) references model_versions on update cascade on delete cascade
);

create table registered_model_aliases (
  name text not null,
  alias text not null,
  version integer not null,
  primary key (name, alias),
  foreign key (name, version) references model_versions on update cascade on delete cascade
);
create index registered_model_aliases_by_version on registered_model_aliases (name, version);

create table webhooks (
  webhook_id text primary key,
  name text not null,
  description text,
  url text not null,
  events jsonb not null,
  secret text,
  status text not null default 'ACTIVE' check (status in ('ACTIVE', 'DISABLED')),
  creation_time bigint not null,
  last_update_time bigint not null
);
