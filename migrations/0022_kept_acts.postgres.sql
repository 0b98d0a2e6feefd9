-- An act is never changed and never taken away. Erasing a person empties what it tells, and nothing else of it.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'what is in % is never changed and never taken away', tg_table_name;
end $$;

create or replace function refuse_change_but_erasing() returns trigger language plpgsql as $$
begin
    if exists (select 1 from erasing) then
        return new;
    end if;
    raise exception 'what is in % is never changed and never taken away', tg_table_name;
end $$;

create trigger acts_stay before delete on acts for each row execute function refuse_change();

create trigger acts_are_kept before update of tenant_id, id, kind, at, actor, order_id, subject on acts
    for each row execute function refuse_change();

create trigger acts_are_told before update of body on acts
    for each row execute function refuse_change_but_erasing();

create trigger acts_remain before truncate on acts execute function refuse_change();

create trigger act_orders_are_kept before update or delete on act_orders for each row execute function refuse_change();

create trigger act_orders_remain before truncate on act_orders execute function refuse_change();

create trigger events_stay before delete on events for each row execute function refuse_change();

create trigger events_are_kept before update of tenant_id, id, kind, at, actor, order_id on events
    for each row execute function refuse_change();

create trigger events_are_told before update of about on events
    for each row execute function refuse_change_but_erasing();

create trigger events_remain before truncate on events execute function refuse_change();
