-- A key outlives its secrets: it is known by its public part, and each of its secrets has a row of its own.

create table key_secrets (
    secret_hash bytea not null primary key,
    public_part text not null,
    -- which installation's key the hash is under; empty until a process that has that key has said so
    hashed_under text not null,
    -- null for the secret in force; a retired one stays known, so that no setup file brings it back
    expires_at bigint
);

create index key_secrets_by_key on key_secrets (public_part);

insert into key_secrets (secret_hash, public_part, hashed_under) select secret_hash, public_part, '' from api_keys;

drop index api_keys_by_name;

drop index api_keys_by_public;

alter table api_keys rename to former_api_keys;

create table api_keys (
    public_part text not null primary key,
    tenant_id text not null,
    name text not null,
    scopes text not null,
    -- null for a key that is older than this column
    created_at bigint,
    -- when another secret took the place of the first one
    rotated_at bigint
);

create unique index api_keys_by_name on api_keys (tenant_id, name);

insert into api_keys (public_part, tenant_id, name, scopes)
select public_part, tenant_id, name, scopes from former_api_keys;

drop table former_api_keys;
