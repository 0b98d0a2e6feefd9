-- An act is never changed and never taken away. Erasing a person empties what it tells, and nothing else of it.
create trigger acts_stay before delete on acts
begin select raise(abort, 'an act is never taken away'); end;

create trigger acts_are_kept before update of tenant_id, id, kind, at, actor, order_id, subject on acts
begin select raise(abort, 'an act is never changed'); end;

create trigger acts_are_told before update of body on acts when not exists (select 1 from erasing)
begin select raise(abort, 'an act is never changed'); end;

create trigger act_orders_stay before delete on act_orders
begin select raise(abort, 'an act is never taken away'); end;

create trigger act_orders_are_kept before update on act_orders
begin select raise(abort, 'an act is never changed'); end;

create trigger events_stay before delete on events
begin select raise(abort, 'an event is never taken away'); end;

create trigger events_are_kept before update of tenant_id, id, kind, at, actor, order_id on events
begin select raise(abort, 'an event is never changed'); end;

create trigger events_are_told before update of about on events when not exists (select 1 from erasing)
begin select raise(abort, 'an event is never changed'); end;
