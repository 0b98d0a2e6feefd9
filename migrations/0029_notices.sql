-- E-mails to those who wait for a parcel, made in the transaction of the event that they tell of. What a carrier says of a
-- parcel is told once.
create table notices (
    tenant_id text not null,
    id bigint not null,
    event_id bigint not null,
    order_id bigint not null,
    shipment_id bigint not null,
    parcel_id bigint not null,
    status text not null,
    state text not null,
    attempts bigint not null,
    next_at bigint not null,
    created_at bigint not null,
    body text not null,
    primary key (tenant_id, id)
);

create unique index notices_once on notices (tenant_id, parcel_id, status);

create index notices_by_order on notices (tenant_id, order_id, id);

-- Across tenants: what is to be sent.
create index notices_due on notices (next_at, id) where state = 'waiting';
