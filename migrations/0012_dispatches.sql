-- Orders that are to be shipped without anybody waiting: written with the order, gone with the transaction that begins to
-- ship it or tells why nobody does.
create table dispatches (
    tenant_id text not null,
    order_id bigint not null,
    -- where it ships from, '' when nothing says: dispatches of one location wait for each other only
    location text not null,
    dialect text not null,
    wish text not null,
    created_at bigint not null,
    due_at bigint not null,
    leased_until bigint not null,
    -- rises whenever somebody takes it up or the wish changes: whoever took it up before has no part in it any more
    turn bigint not null,
    primary key (tenant_id, order_id)
);

-- Across tenants: what is due.
create index dispatches_due on dispatches (due_at);
