-- What language models cost and which they were, read from a span's attributes when it is written,
-- for the metrics of traces. Columns without a default: the table is locked for a moment, no row is
-- rewritten. Spans written before have none.

alter table trace_spans
  add column input_cost double precision,
  add column output_cost double precision,
  add column total_cost double precision,
  add column model_name text,
  add column model_provider text;
