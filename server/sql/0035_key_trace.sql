-- Each further generation of a tenant's keys leaves an entry in its log, whoever inserts the row: what is sealed under a key that somebody slipped
-- in could be read by them. The first is in tenant.created. The log's own code may not know of keys before keys are there to seal it with, so the
-- database writes the body: as trust/audit/body.ts would, letter for letter, which a test compares.
create function app.trace_generation() returns trigger language plpgsql as $$
declare
  body text := format(
    '{"activity_id":1,"actor":{"app_uid":"system:keys"},"category_uid":3,"class_uid":3004,"entity":{"type":"encryption","uid":%1$s},'
    '"metadata":{"product":{"name":"Factotum","vendor_name":"Factotum"},"tenant_uid":%1$s,"uid":"%2$s","version":"1.8.0"},'
    '"severity_id":2,"status_id":1,"time":%3$s,"type_uid":300401,'
    '"unmapped":{"factotum":{"detail":{"generation":%4$s,"provider":%5$s},"kind":"encryption.generation_made","object":%1$s}}}',
    to_json(new.tenant_id), gen_random_uuid(), floor(extract(epoch from clock_timestamp()) * 1000)::bigint, new.generation, to_json(new.provider));
begin
  insert into app.audit_pending (tenant_id, entries) values (new.tenant_id, array[body]);
  return null;
end $$;
create trigger tenant_key_traced after insert on app.tenant_key for each row
  when (new.generation > 1) execute function app.trace_generation();
