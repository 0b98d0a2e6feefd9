-- Shipments of a period, in the order they were made.
create index shipments_by_creation on shipments (tenant_id, created_at, id);
