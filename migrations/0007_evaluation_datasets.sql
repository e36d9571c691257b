-- Evaluation datasets and scorers. New tables only: locks nothing.

create table evaluation_datasets (
  dataset_id text collate "C" primary key,
  name text not null,
  -- JSON text, as clients sent it or as it follows from the records.
  tags text not null default '{}',
  schema text,
  profile text,
  digest text not null,
  created_time bigint not null,
  last_update_time bigint not null,
  created_by text,
  last_updated_by text
);

create table evaluation_dataset_experiments (
  dataset_id text collate "C" not null references evaluation_datasets on delete cascade,
  experiment_id bigint not null references experiments on delete cascade,
  primary key (dataset_id, experiment_id)
);
create index evaluation_datasets_by_experiment on evaluation_dataset_experiments (experiment_id);

-- input_hash is the digest of the inputs, by which a record is found again.
create table evaluation_dataset_records (
  record_id text collate "C" primary key,
  dataset_id text collate "C" not null references evaluation_datasets on delete cascade,
  input_hash text not null,
  content text not null,
  created_time bigint not null,
  unique (dataset_id, input_hash)
);

create table scorers (
  scorer_id text primary key,
  experiment_id bigint not null references experiments on delete cascade,
  name text not null,
  unique (experiment_id, name)
);

create table scorer_versions (
  scorer_id text not null references scorers on delete cascade,
  version integer not null check (version > 0),
  serialized_scorer text not null,
  creation_time bigint not null,
  primary key (scorer_id, version)
);
