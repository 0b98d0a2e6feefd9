-- What an endpoint is shown besides the signature: a header and its value, encrypted.
alter table webhook_endpoints add column authentication bytea;

-- Whether it hears of real shipments only, or of trial ones only; of both when null.
alter table webhook_endpoints add column mode text;

-- What people call it.
alter table webhook_endpoints add column description text;
