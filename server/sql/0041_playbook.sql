-- How often each playbook was used, and when last: plans are only ever inserted, so this costs one entry a plan.
create index plan_playbook on app.plan (tenant_id, playbook, created_at) where playbook is not null;
