-- Who did what. An event names its actor; what happens without an event is an act of its own.
alter table events add column actor text;

create index events_by_actor on events (tenant_id, actor, at, id) where actor is not null;

create table acts (
    tenant_id text not null,
    id bigint not null,
    kind text not null,
    at bigint not null,
    actor text not null,
    order_id bigint,
    subject text not null,
    -- the actor, how it was and how it is, as JSON
    body text not null,
    primary key (tenant_id, id)
);

create index acts_by_actor on acts (tenant_id, actor, at, id);

create index acts_by_order on acts (tenant_id, order_id, at, id) where order_id is not null;

create index acts_by_subject on acts (tenant_id, subject, id);

-- The orders of an act that is about many, such as printing a file of labels.
create table act_orders (
    tenant_id text not null,
    order_id bigint not null,
    act_id bigint not null,
    primary key (tenant_id, order_id, act_id)
);

-- Holds a row while a transaction erases a person, and is empty otherwise: nothing else may change an act.
create table erasing (id bigint not null primary key);

-- The batches an order was in.
create index batch_orders_by_order on batch_orders (tenant_id, order_id);

-- Persons to be erased: what names one is kept until it is done.
create table erasures (
    tenant_id text not null,
    id bigint not null,
    created_at bigint not null,
    actor text not null,
    -- null when nothing is left to do
    person text,
    stage text not null,
    -- the place in what is looked through
    place bigint not null,
    -- what was done and what is left, as JSON
    report text not null,
    finished_at bigint,
    -- null when there is nothing to do
    due_at bigint,
    primary key (tenant_id, id)
);

-- Across tenants: what is due.
create index erasures_due on erasures (due_at) where due_at is not null;

-- The orders of erased persons.
create table erased_orders (
    tenant_id text not null,
    order_id bigint not null,
    erasure_id bigint not null,
    -- waiting, done, held
    state text not null,
    -- when what was left of it goes too; null before it is erased
    forget_at bigint,
    primary key (tenant_id, order_id)
);

create index erased_orders_by_erasure on erased_orders (tenant_id, erasure_id, state, order_id);

-- Across tenants: what is to be forgotten.
create index erased_orders_to_forget on erased_orders (forget_at) where forget_at is not null;
