-- Lists of shipments and documents, latest first. Nearly all shipments are booked, and nearly all documents are labels.
create index shipments_by_account on shipments (tenant_id, account, created_at, id);

create index shipments_by_status on shipments (tenant_id, status, created_at, id) where status <> 'booked';

create index listed_documents_by_kind on documents (tenant_id, kind, created_at, id) where kind <> 'label';
