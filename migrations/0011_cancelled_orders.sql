-- When an order was cancelled as a whole; from then on nothing ships it.
alter table orders add column cancelled_at bigint;

-- Lists by when an order came.
create index orders_by_creation on orders (tenant_id, created_at, id);

-- Tokens of one family of a key take each other's place.
alter table tokens add column family text;

-- Which of its dialect's bodies an endpoint gets, in the dialect's own word.
alter table webhook_endpoints add column variant text;
