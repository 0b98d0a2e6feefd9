-- The customer book: a row a customer, and a row for each key (e-mail address, phone number, CRM id) one is known by.
-- A key leads to the customer who had it first; two transactions that bring a new one meet in its primary key.
create table customers (
    tenant_id text not null,
    id bigint not null,
    created_at bigint not null,
    modified_at bigint not null,
    body text not null,
    primary key (tenant_id, id)
);

create table customer_keys (
    tenant_id text not null,
    kind text not null,
    value text not null,
    id bigint not null,
    primary key (tenant_id, kind, value)
);
