-- The next number of each id sequence. A node takes numbers in blocks, so that a row here is not hot.
create table sequences (
    name text not null primary key,
    next bigint not null
);
