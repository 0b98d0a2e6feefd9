-- Where orders stand in the words of a dialect that derives its states, kept by a job behind the feed of events.
create table order_states (
    tenant_id text not null,
    dialect text not null,
    order_id bigint not null,
    state text not null,
    placed_at bigint not null,
    external_id_key text not null,
    primary key (tenant_id, dialect, order_id)
);

create index order_states_by_id on order_states (tenant_id, dialect, state, order_id);

create index order_states_by_placing on order_states (tenant_id, dialect, state, placed_at, order_id);

create index order_states_by_external_id on order_states (tenant_id, dialect, state, external_id_key, order_id);

-- Whose states are kept: those of a tenant and dialect that were asked for once. Older orders are filled in up to an id,
-- and changes are taken in up to a position of the feed.
create table followed_states (
    tenant_id text not null,
    dialect text not null,
    filled_to bigint,
    position bigint not null,
    primary key (tenant_id, dialect)
);
