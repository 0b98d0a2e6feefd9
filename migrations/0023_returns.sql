-- A return goes from the customer back to a location: it belongs to an order and holds none of its places. Its order_id and
-- its parcels' are 0, which is no order, so that nobody who looks through what an order ships finds it; return_of is the
-- order.
alter table shipments add column return_of bigint;

create index shipments_by_return on shipments (tenant_id, return_of, id) where return_of is not null;

-- Where a parcel leaves and the closing list it stands on. Those that were booked before there were such lists count as
-- handed over and have no location.
alter table parcels add column location text;

alter table parcels add column manifest_id bigint;

create index parcels_to_hand_over on parcels (tenant_id, account, location, booked_at, id)
    where is_live = 1 and manifest_id is null and booked_at is not null and location is not null;

create index parcels_by_manifest on parcels (tenant_id, manifest_id, id) where manifest_id is not null;

-- One closing list a carrier account, location and day.
create table manifests (
    tenant_id text not null,
    id bigint not null,
    account text not null,
    location text not null,
    day text not null,
    is_open bigint not null,
    version bigint not null,
    created_at bigint not null,
    closed_at bigint,
    document_id bigint,
    primary key (tenant_id, id)
);

create unique index manifests_by_day on manifests (tenant_id, account, location, day);

create table collections (
    tenant_id text not null,
    id bigint not null,
    status text not null,
    account text not null,
    location text not null,
    day text not null,
    version bigint not null,
    created_at bigint not null,
    body text not null,
    primary key (tenant_id, id)
);

-- Who asks for the same place and day at the same time meets here.
create unique index collections_open on collections (tenant_id, account, location, day)
    where status in ('requesting', 'requested');
