-- What tells whether a process has the installation's key: a known text, encrypted under it.

create table installation (
    name text not null primary key,
    value bytea not null
);
