-- Traces with their spans and assessments. New tables only: locks nothing.

create table traces (
  trace_id text collate "C" primary key,
  experiment_id bigint not null references experiments on delete cascade,
  -- Milliseconds, as clients sent them.
  request_time bigint not null,
  execution_duration bigint,
  state text not null check (state in ('STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS')),
  client_request_id text,
  request_preview text,
  response_preview text,
  -- Whether a client has said all of the above, which spans may then no longer change.
  is_final boolean not null default false
);
-- For search without an order: newest first, page by page.
create index traces_by_time on traces (experiment_id, request_time desc, trace_id);

create table trace_tags (
  trace_id text collate "C" not null references traces on delete cascade,
  key text not null,
  value text not null,
  primary key (trace_id, key)
);

create table trace_metadata (
  trace_id text collate "C" not null references traces on delete cascade,
  key text not null,
  value text not null,
  primary key (trace_id, key)
);

-- content is the span as OpenTelemetry's JSON has it; the columns are what is searched.
create table trace_spans (
  trace_id text collate "C" not null references traces on delete cascade,
  span_id text collate "C" not null,
  parent_span_id text,
  name text not null,
  span_type text,
  status text not null,
  start_nano bigint not null,
  end_nano bigint,
  content text not null,
  primary key (trace_id, span_id)
);

-- value is the JSON of the feedback's or the expectation's value; content all of the rest.
create table trace_assessments (
  assessment_id text collate "C" primary key,
  trace_id text collate "C" not null references traces on delete cascade,
  kind text not null check (kind in ('feedback', 'expectation', 'issue')),
  name text not null,
  value text,
  is_valid boolean not null default true,
  overrides text,
  content text not null,
  created_time bigint not null
);
create index trace_assessments_by_trace on trace_assessments (trace_id, created_time);

-- No foreign key to the run: MLflow links runs it does not know.
create table trace_runs (
  run_id text not null,
  trace_id text collate "C" not null references traces on delete cascade,
  primary key (run_id, trace_id)
);
create index trace_runs_by_trace on trace_runs (trace_id);

-- prompt is name/version.
create table trace_prompts (
  trace_id text collate "C" not null references traces on delete cascade,
  prompt text not null,
  primary key (trace_id, prompt)
);
