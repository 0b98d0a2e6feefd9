-- Requests that a client may send again: claimed first, the outcome written with the change, the answer kept a day.
create table idempotency_keys (
    tenant_id text not null,
    api_key text not null,
    key text not null,
    fingerprint bytea not null,
    leased_until bigint not null,
    expires_at bigint not null,
    outcome text,
    status bigint,
    content_type text,
    answer bytea,
    primary key (tenant_id, api_key, key)
);

-- Across tenants: what is old enough to be forgotten.
create index idempotency_keys_by_expiry on idempotency_keys (expires_at);

-- What was said between us and a carrier about a shipment.
create table carrier_exchanges (
    tenant_id text not null,
    shipment_id bigint not null,
    at bigint not null,
    position bigint not null,
    body text not null,
    primary key (tenant_id, shipment_id, at, position)
);

-- The account that books or cancels, so that one that hangs holds up no other's settling.
alter table shipments add column account text not null default '';

drop index shipments_by_lease;

-- Across tenants: leases that ran out, account by account.
create index shipments_by_lease on shipments (tenant_id, account, lease_until) where lease_until is not null;

-- When a missing label is fetched next; null when none is missing.
alter table parcels add column label_due_at bigint;

update parcels set label_due_at = booked_at where is_live = 1 and has_label = 0 and booked_at is not null;

drop index parcels_without_label;

-- Across tenants: booked, but the label's bytes are missing.
create index parcels_without_label on parcels (label_due_at) where label_due_at is not null;
