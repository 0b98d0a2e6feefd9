-- What orders are looked for by. Texts hold the first 200 characters as they were written; null when nothing was sent.

-- Where the order stands by what we know, and the same or what a client has said since that last changed.
alter table orders add column stage text not null default 'open';

alter table orders add column standing text not null default 'open';

alter table orders add column address_status text not null default 'unverified';

alter table orders add column number text;

alter table orders add column seller text;

alter table orders add column store text;

alter table orders add column contract text;

alter table orders add column country text;

alter table orders add column sender_company text;

alter table orders add column send_at bigint;

alter table orders add column field1 text;

alter table orders add column field2 text;

alter table orders add column field3 text;

alter table orders add column field4 text;

alter table orders add column field5 text;

alter table orders add column field6 text;

-- How many boxes the order names, and how many of them, from the first on, are booked.
alter table orders add column boxes bigint not null default 0;

alter table orders add column booked bigint not null default 0;

-- Whether the columns above were filled; an order that is older than they are is filled at the next start.
alter table orders add column is_searched bigint not null default 0;

create index orders_unsearched on orders (tenant_id, id) where is_searched = 0;

create index orders_by_standing on orders (tenant_id, standing, id);

create index orders_by_address_status on orders (tenant_id, address_status, id);

create index orders_by_exact_number on orders (tenant_id, number, id) where number is not null;

create index orders_by_seller on orders (tenant_id, seller, id) where seller is not null;

create index orders_by_store on orders (tenant_id, store, id) where store is not null;

create index orders_by_contract on orders (tenant_id, contract, id) where contract is not null;

create index orders_by_country on orders (tenant_id, country, id) where country is not null;

create index orders_by_sender_company on orders (tenant_id, sender_company, id) where sender_company is not null;

create index orders_by_send_date on orders (tenant_id, send_at, id) where send_at is not null;

create index orders_by_field1 on orders (tenant_id, field1, id) where field1 is not null;

create index orders_by_field2 on orders (tenant_id, field2, id) where field2 is not null;

create index orders_by_field3 on orders (tenant_id, field3, id) where field3 is not null;

create index orders_by_field4 on orders (tenant_id, field4, id) where field4 is not null;

create index orders_by_field5 on orders (tenant_id, field5, id) where field5 is not null;

create index orders_by_field6 on orders (tenant_id, field6, id) where field6 is not null;

-- Orders with a box that no booked parcel stands for.
create index orders_with_waiting_boxes on orders (tenant_id, id) where boxes > booked;

-- Values of lists: tags, and what the boxes of an order say.
create table order_values (
    tenant_id text not null,
    field text not null,
    value text not null,
    order_id bigint not null,
    primary key (tenant_id, field, value, order_id)
);

create index order_values_by_order on order_values (tenant_id, order_id);

-- Why the last booking of a shipment failed; null when it did not.
alter table shipments add column failure text;

create index shipments_by_failure on shipments (tenant_id, failure, order_id) where failure is not null;

create index parcels_by_tracking on parcels (tenant_id, tracking, order_id) where is_live = 1 and booked_at is not null;

drop index parcels_by_tracking_number;

create index parcels_by_tracking_number on parcels (tenant_id, tracking_number, order_id);

-- Parcels that a carrier is being asked for.
create index parcels_being_booked on parcels (tenant_id, order_id) where is_live = 1 and booked_at is null;
