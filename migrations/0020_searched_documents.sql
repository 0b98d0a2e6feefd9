-- What documents are looked for by.
create index documents_by_creation on documents (tenant_id, created_at, id);

create index documents_by_format on documents (tenant_id, format, id);

-- Nearly all are labels.
create index documents_by_kind on documents (tenant_id, kind, id) where kind <> 'label';
