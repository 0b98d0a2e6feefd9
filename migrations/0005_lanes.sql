-- Work that must stay apart: one row a webhook endpoint, one a carrier account that is asked for tracking. Whoever holds
-- the lease works on it, so that one that hangs holds up no other, on any node.
create table lanes (
    kind text not null,
    tenant_id text not null,
    key text not null,
    -- when there is something to do; a far future when there is nothing
    due_at bigint not null,
    leased_until bigint not null,
    -- in a row, up to now
    failures bigint not null,
    failed_since bigint,
    succeeded_at bigint,
    paused_at bigint,
    pause_reason text,
    primary key (kind, tenant_id, key)
);

-- Across tenants: what is due.
create index lanes_due on lanes (kind, due_at) where paused_at is null;
