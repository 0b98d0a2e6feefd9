-- Batches: many orders labelled in one call. The counts stand beside the rows they count and change with them.
create table batches (
    tenant_id text not null,
    id bigint not null,
    created_at bigint not null,
    -- whose words its names are in
    dialect text not null,
    stage text not null,
    -- how each order is to be shipped, and how the labels are put together, as JSON
    wish text not null,
    printing text not null,
    -- raised by every retry
    round bigint not null,
    total bigint not null,
    labelled bigint not null,
    skipped bigint not null,
    failed bigint not null,
    -- how fast it goes, as JSON
    lanes text not null,
    finished_at bigint,
    -- null when there is nothing to do
    due_at bigint,
    leased_until bigint not null,
    -- rises whenever somebody takes it up: whoever took it up before has no part in it any more
    turn bigint not null,
    primary key (tenant_id, id)
);

-- Across tenants: what is due.
create index batches_due on batches (due_at) where due_at is not null;

create table batch_orders (
    tenant_id text not null,
    batch_id bigint not null,
    position bigint not null,
    order_id bigint not null,
    outcome text not null,
    -- the round in which it got its outcome
    round bigint not null,
    shipment_id bigint,
    -- why there is no label, by field, as JSON
    problems text not null,
    primary key (tenant_id, batch_id, position)
);

create index batch_orders_by_outcome on batch_orders (tenant_id, batch_id, outcome, position);

-- The files of a batch are documents of no single order: their order_id is 0.
alter table documents add column batch_id bigint;

alter table documents add column batch_printing bigint;

alter table documents add column batch_place bigint;

alter table documents add column batch_labels bigint;

alter table documents add column batch_group text;

create unique index documents_of_batch on documents (tenant_id, batch_id, batch_printing, batch_place)
    where batch_id is not null;
