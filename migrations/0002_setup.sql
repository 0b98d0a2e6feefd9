-- Who may do what: tenants, keys and everything a setup file names. Times are microseconds since 1970, UTC.

-- One row; raised by every change of set-up, so that every process knows when its caches are stale.
create table setup_version (id bigint not null primary key, version bigint not null);

insert into setup_version (id, version) values (1, 1);

create table tenants (id text not null primary key, body text not null);

-- Found by the secret alone, before the tenant is known.
create table api_keys (
    secret_hash bytea not null primary key,
    tenant_id text not null,
    name text not null,
    public_part text not null,
    scopes text not null
);

create unique index api_keys_by_name on api_keys (tenant_id, name);

create unique index api_keys_by_public on api_keys (public_part);

create table tokens (
    token_hash bytea not null primary key,
    secret_hash bytea not null,
    expires_at bigint not null
);

create index tokens_by_key on tokens (secret_hash);

create index tokens_by_expiry on tokens (expires_at);

create table channels (
    tenant_id text not null,
    number bigint not null,
    dialect text not null,
    name text not null,
    settings text not null,
    is_default bigint not null,
    primary key (tenant_id, number)
);

create table channel_logs (
    tenant_id text not null,
    id bigint not null,
    channel bigint not null,
    at bigint not null,
    body text not null,
    primary key (tenant_id, id)
);

create index channel_logs_by_channel on channel_logs (tenant_id, channel, id);

create table locations (
    tenant_id text not null,
    external_id text not null,
    position bigint not null,
    body text not null,
    primary key (tenant_id, external_id)
);

create table carrier_accounts (
    tenant_id text not null,
    id text not null,
    position bigint not null,
    body text not null,
    credentials bytea not null,
    primary key (tenant_id, id)
);

create table routing_rules (
    tenant_id text not null,
    name text not null,
    position bigint not null,
    body text not null,
    primary key (tenant_id, name)
);

create table webhook_endpoints (
    tenant_id text not null,
    id bigint not null,
    url text not null,
    dialect text not null,
    -- the only channel it hears of, 0 for all
    channel bigint not null,
    events text not null,
    secret bytea not null,
    primary key (tenant_id, id)
);

create unique index webhook_endpoints_by_url on webhook_endpoints (tenant_id, url, dialect, channel);
