-- What happened, written with the change; a job gives committed events their feed position.
create table events (
    tenant_id text not null,
    id bigint not null,
    kind text not null,
    at bigint not null,
    about text not null,
    order_id bigint,
    position bigint,
    primary key (tenant_id, id)
);

create unique index events_by_position on events (tenant_id, position) where position is not null;

create index events_by_order on events (tenant_id, order_id, id) where order_id is not null;

-- Across tenants: what has no position yet.
create index events_new on events (id) where position is null;

create table webhook_deliveries (
    tenant_id text not null,
    id bigint not null,
    event_id bigint not null,
    endpoint_id bigint not null,
    part bigint not null,
    status text not null,
    body bytea not null,
    attempts bigint not null,
    next_at bigint not null,
    created_at bigint not null,
    primary key (tenant_id, id)
);

create unique index webhook_deliveries_by_event on webhook_deliveries (tenant_id, event_id, endpoint_id, part);

-- Across tenants: what is due.
create index webhook_deliveries_due on webhook_deliveries (next_at, id) where status = 'waiting';

create table webhook_attempts (
    tenant_id text not null,
    delivery_id bigint not null,
    number bigint not null,
    body text not null,
    primary key (tenant_id, delivery_id, number)
);

-- One row a kind of job: whoever holds the lease runs it.
create table jobs (
    kind text not null primary key,
    due_at bigint not null,
    leased_until bigint not null
);
