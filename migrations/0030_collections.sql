-- When a carrier is asked by itself whether it comes, or told that it need not: whoever asked before is gone, or got no answer.
alter table collections add column due_at bigint;

update collections set due_at = created_at where status = 'requesting';

-- Across tenants: whom to ask.
create index collections_due on collections (due_at, id) where due_at is not null;

-- One that is being cancelled may come yet: its day is taken.
drop index collections_open;

create unique index collections_open on collections (tenant_id, account, location, day)
    where status in ('requesting', 'requested', 'cancelling');

-- Lists, latest first.
create index collections_by_creation on collections (tenant_id, created_at, id);
