-- Policies, promotions with their reviews, moves of aliases, alerts of models. New tables only.

create table model_policies (
  model text primary key references registered_models (name) on update cascade on delete cascade,
  policy jsonb not null,
  updated_by text not null,
  updated_at bigint not null
);

create table promotions (
  id text primary key,
  model text not null,
  version integer not null,
  alias text not null,
  status text not null check (status in ('pending', 'applied', 'rejected')),
  rules jsonb not null,
  lineage jsonb not null,
  previous_version integer,
  created_by text not null,
  created_at bigint not null,
  decided_by text,
  decided_at bigint,
  foreign key (model, version) references model_versions (name, version)
    on update cascade on delete cascade
);
create index promotions_by_model on promotions (model, created_at desc, id);
create index promotions_by_status on promotions (status, created_at desc, id);
-- One open request per version and alias.
create unique index promotions_pending on promotions (model, version, alias)
  where status = 'pending';

create table promotion_reviews (
  review_no bigint generated always as identity primary key,
  promotion_id text not null references promotions on delete cascade,
  author text not null,
  decision text not null check (decision in ('approve', 'reject', 'comment')),
  text text not null,
  at bigint not null
);
create index promotion_reviews_by_promotion on promotion_reviews (promotion_id, review_no);
-- One approval per person.
create unique index promotion_reviews_approval on promotion_reviews (promotion_id, author)
  where decision = 'approve';

create table alias_changes (
  change_no bigint generated always as identity primary key,
  model text not null references registered_models (name) on update cascade on delete cascade,
  alias text not null,
  version integer not null,
  previous_version integer,
  reason text not null check (reason in ('promotion', 'rollback')),
  promotion_id text,
  changed_by text not null,
  changed_at bigint not null
);
create index alias_changes_by_model on alias_changes (model, change_no desc);

create table model_alerts (
  id text primary key,
  model text not null references registered_models (name) on update cascade on delete cascade,
  version integer,
  kind text not null,
  message text not null,
  raised_at bigint not null,
  resolved_at bigint,
  resolved_by text,
  resolution text
);
create index model_alerts_open on model_alerts (model, raised_at desc) where resolved_at is null;
