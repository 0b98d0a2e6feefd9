-- What a scanner reads from a box.
create index parcels_by_sscc on parcels (tenant_id, sscc) where sscc is not null;
