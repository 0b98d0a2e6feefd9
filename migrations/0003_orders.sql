-- Orders are aggregates: the body holds what was sent, columns repeat what is searched. Columns ending in _key hold
-- the first 200 characters, case folded, or '' when nothing was sent. placed_at and changed_at fall back to created_at.
create table orders (
    tenant_id text not null,
    id bigint not null,
    channel bigint not null,
    external_id text,
    external_id_key text not null,
    number_key text not null,
    status_key text not null,
    placed_at bigint not null,
    changed_at bigint not null,
    created_at bigint not null,
    modified_at bigint not null,
    version bigint not null,
    is_deleted bigint not null,
    body text not null,
    primary key (tenant_id, id)
);

create unique index orders_by_external_id on orders (tenant_id, channel, external_id) where is_deleted = 0;

create index orders_by_external_key on orders (tenant_id, external_id_key, id);

create index orders_by_number on orders (tenant_id, number_key, id);

create index orders_by_status on orders (tenant_id, status_key, id);

create index orders_by_channel on orders (tenant_id, channel, id);

create index orders_by_placing on orders (tenant_id, placed_at, id);

create index orders_by_change on orders (tenant_id, changed_at, id);

create table shipments (
    tenant_id text not null,
    id bigint not null,
    order_id bigint not null,
    status text not null,
    version bigint not null,
    created_at bigint not null,
    modified_at bigint not null,
    lease_until bigint,
    body text not null,
    primary key (tenant_id, id)
);

create index shipments_by_order on shipments (tenant_id, order_id, id);

-- Across tenants: a job looks for leases that ran out.
create index shipments_by_lease on shipments (lease_until) where lease_until is not null;

create table parcels (
    tenant_id text not null,
    id bigint not null,
    shipment_id bigint not null,
    order_id bigint not null,
    position bigint not null,
    is_live bigint not null,
    tracking_number text,
    sscc text,
    tracking text not null,
    tracking_token text not null,
    has_label bigint not null,
    is_scanned bigint not null,
    booked_at bigint,
    label text,
    body text not null,
    primary key (tenant_id, id)
);

-- A parcel has at most one live shipment: simultaneous bookings meet here.
create unique index parcels_live on parcels (tenant_id, order_id, position) where is_live = 1;

create index parcels_by_shipment on parcels (tenant_id, shipment_id, position);

create index parcels_by_tracking_number on parcels (tenant_id, tracking_number);

create index parcels_without_scan on parcels (tenant_id, booked_at, id) where is_live = 1 and is_scanned = 0;

-- Across tenants: booked, but the label's bytes are missing.
create index parcels_without_label on parcels (booked_at) where is_live = 1 and has_label = 0 and booked_at is not null;

-- Looked up before the tenant is known.
create unique index parcels_by_token on parcels (tracking_token);

create table documents (
    tenant_id text not null,
    id bigint not null,
    kind text not null,
    format text not null,
    order_id bigint not null,
    shipment_id bigint,
    parcel_id bigint,
    sha256 text not null,
    size bigint not null,
    warnings text not null,
    created_at bigint not null,
    primary key (tenant_id, id)
);

create index documents_by_order on documents (tenant_id, order_id, id);

create index documents_by_shipment on documents (tenant_id, shipment_id, id);
-- The same drawing is kept once, however many ask for it at the same time.
create unique index documents_once
    on documents (tenant_id, shipment_id, kind, format, coalesce(parcel_id, 0), sha256);

create index documents_by_content on documents (tenant_id, sha256);

create table tracking_events (
    tenant_id text not null,
    id bigint not null,
    parcel_id bigint not null,
    identity bytea not null,
    sort_at bigint not null,
    received_at bigint not null,
    body text not null,
    primary key (tenant_id, id)
);

create unique index tracking_events_by_identity on tracking_events (tenant_id, parcel_id, identity);
