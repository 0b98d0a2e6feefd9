-- What the latest look at a carrier account found: its credentials, its permissions, when they end.
create table account_checks (
    tenant_id text not null,
    account text not null,
    checked_at bigint not null,
    body text not null,
    primary key (tenant_id, account)
);

-- Each account is looked at once a day, in a lane of its own.
insert into lanes (kind, tenant_id, key, due_at, leased_until, failures)
select 'checks', tenant_id, id, cast(0 as bigint), cast(0 as bigint), cast(0 as bigint) from carrier_accounts;
