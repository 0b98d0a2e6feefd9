-- How many deliveries are under way at once; one keeps them in order.
alter table webhook_endpoints add column concurrency bigint not null default 1;

-- The secret before this one, good for a while.
alter table webhook_endpoints add column previous_secret bytea;

alter table webhook_endpoints add column previous_until bigint;

-- The event's place in the feed: deliveries go out in that order.
alter table webhook_deliveries add column position bigint not null default 0;

drop index webhook_deliveries_due;

-- What an endpoint is still to hear, in order.
create index webhook_deliveries_waiting on webhook_deliveries (tenant_id, endpoint_id, position, part)
    where status = 'waiting';

create index webhook_deliveries_next on webhook_deliveries (tenant_id, endpoint_id, next_at) where status = 'waiting';

create index webhook_deliveries_by_endpoint on webhook_deliveries (tenant_id, endpoint_id, id);

-- Whoever has something to hear has a lane.
insert into lanes (kind, tenant_id, key, due_at, leased_until, failures)
select distinct 'webhooks', tenant_id, cast(endpoint_id as text), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint)
from webhook_deliveries where status = 'waiting';
