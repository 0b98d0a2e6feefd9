-- The latest shipment of an order (0: none) when nobody could be asked to ship it, since its data are wrong or no carrier
-- takes it. It counts until the order changes or something else is made of it.
alter table orders add column unserved_after bigint;
