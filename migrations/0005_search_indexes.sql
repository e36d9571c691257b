-- Search at a hundred thousand runs: the order by a metric within an experiment is read from an
-- index, page by page, instead of sorting the runs of the experiment. Rewrites metric_series (one
-- row per run and metric, not per point) under an exclusive lock.

alter table metric_series add column experiment_id bigint;
update metric_series s set experiment_id = r.experiment_id from runs r where r.run_no = s.run_no;
alter table metric_series alter column experiment_id set not null;
drop index metric_series_by_value;
create index metric_series_by_value
  on metric_series (experiment_id, key, value desc nulls last);

-- "C" as the search itself orders ids, whatever the database's language is.
drop index runs_by_start;
create index runs_by_start
  on runs (experiment_id, start_time desc nulls last, run_id collate "C");
