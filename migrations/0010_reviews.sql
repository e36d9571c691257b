-- Issues found in traces, the questions that reviewers are asked, their queues, and the rates at which
-- scorers are to look at new traces (MLflow 3). New tables only: locks nothing.

create table issues (
  issue_id text collate "C" primary key,
  experiment_id bigint not null references experiments on delete cascade,
  name text not null,
  description text not null,
  status text not null check (status in ('pending', 'rejected', 'resolved')),
  severity text check (severity in ('not_an_issue', 'low', 'medium', 'high')),
  -- JSON of lists of text.
  root_causes text,
  categories text,
  source_run_id text references runs (run_id) on delete set null,
  created_by text,
  created_timestamp bigint not null,
  last_updated_timestamp bigint not null
);
create index issues_by_experiment on issues (experiment_id, created_timestamp);
create index issues_by_run on issues (source_run_id) where source_run_id is not null;

create table label_schemas (
  schema_id text collate "C" primary key,
  experiment_id bigint not null references experiments on delete cascade,
  name text not null,
  type text not null check (type in ('FEEDBACK', 'EXPECTATION')),
  instruction text,
  enable_comment boolean not null,
  -- JSON of the message.
  input text not null,
  created_by text,
  created_at bigint not null,
  last_updated_at bigint not null,
  is_default boolean not null default false,
  unique (experiment_id, name)
);

create table review_queues (
  queue_id text collate "C" primary key,
  experiment_id bigint not null references experiments on delete cascade,
  name text not null,
  -- The name in lower case: names differ by more than case.
  name_key text not null,
  queue_type text not null check (queue_type in ('USER', 'CUSTOM')),
  created_by text,
  creation_time_ms bigint not null,
  last_update_time_ms bigint not null,
  unique (experiment_id, name_key)
);

create table review_queue_users (
  queue_id text collate "C" not null references review_queues on delete cascade,
  user_id text collate "C" not null,
  primary key (queue_id, user_id)
);

-- No foreign key to the schema: a queue remembers a question that is no longer there, as in MLflow.
create table review_queue_label_schemas (
  queue_id text collate "C" not null references review_queues on delete cascade,
  schema_id text collate "C" not null,
  primary key (queue_id, schema_id)
);

create table review_queue_items (
  queue_id text collate "C" not null references review_queues on delete cascade,
  item_id text collate "C" not null references traces on delete cascade,
  status text not null check (status in ('PENDING', 'COMPLETE', 'DECLINED')),
  creation_time_ms bigint not null,
  last_update_time_ms bigint not null,
  completed_by text,
  completed_time_ms bigint,
  primary key (queue_id, item_id)
);
create index review_queue_items_by_trace on review_queue_items (item_id);

create table online_scoring_configs (
  online_scoring_config_id text primary key,
  scorer_id text not null unique references scorers on delete cascade,
  experiment_id bigint not null references experiments on delete cascade,
  sample_rate double precision not null check (sample_rate between 0 and 1),
  filter_string text
);
