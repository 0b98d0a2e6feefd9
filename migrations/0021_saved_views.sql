-- Searches that people keep under a name, for everybody of the tenant.
create table saved_views (
    tenant_id text not null,
    name text not null,
    query text not null,
    created_at bigint not null,
    primary key (tenant_id, name)
);
