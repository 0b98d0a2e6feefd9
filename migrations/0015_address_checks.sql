-- What is known about an order's shipping address, as JSON, and when somebody is to look at it; nobody is when null.
alter table orders add column address_check text;

alter table orders add column check_due bigint;

-- Across tenants: a job looks for addresses that are due.
create index orders_by_check on orders (check_due) where check_due is not null;
