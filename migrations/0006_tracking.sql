-- When a carrier is asked next what happened to a parcel, and through which account; null when nobody asks any more.
alter table parcels add column account text;

alter table parcels add column next_look_at bigint;

create index parcels_by_look on parcels (tenant_id, account, next_look_at) where next_look_at is not null;

-- Codes that came and that no table lists, counted with the tracking event.
create table unknown_codes (
    tenant_id text not null,
    carrier text not null,
    code text not null,
    times bigint not null,
    last_at bigint not null,
    -- an example
    parcel_id bigint not null,
    primary key (tenant_id, carrier, code)
);

create index unknown_codes_by_frequency on unknown_codes (tenant_id, times);
