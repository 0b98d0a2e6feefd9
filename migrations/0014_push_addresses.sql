-- Where carriers tell by themselves what happened: one unguessable token an account, found by its hash before the tenant is
-- known, and kept encrypted to be shown to whoever sets the account up.
create table push_addresses (
    token_hash bytea not null primary key,
    tenant_id text not null,
    account text not null,
    token bytea not null
);

create unique index push_addresses_by_account on push_addresses (tenant_id, account);
