import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { vaultTools } from '#connector/vault';
import type { Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { verifyTenantLog } from '#trust/audit';
import { eventually, testPlatform } from '../platform.ts';
import { ledgerTool } from './ledger.ts';
import { randomFrom } from './random.ts';

const children = new Set<ChildProcess>();
// Before the platform's own end, which waits for their connections to go.
after(async () => {
  await Promise.all([...children].map(kill));
});
const folder = await mkdtemp(join(tmpdir(), 'factotum-ledger-'));
after(() => rm(folder, { recursive: true }));
const ledger = join(folder, 'ledger');
await writeFile(ledger, '');
// This process only takes events in; all work is done by others, which are killed.
const platform = await testPlatform({
  tools: (deps) => [...vaultTools(deps), ledgerTool(ledger)],
  environment: { FACTOTUM_WORKER_SLOTS: '12' },
});

const threeSteps = `---
title: Three steps
when: { source: test }
steps:
  - { id: write, tool: vault.write, args: { path: "Accounting/In/\${task.id}.md", content: "Number \${event.number}." } }
  - { id: book, tool: ledger.add, args: { text: $task.id }, after: [write] }
  - { id: move, tool: vault.move, args: { from: "Accounting/In/\${task.id}.md", to: "Accounting/Out/\${task.id}.md" }, after: [book] }
---
`;

/** A worker process. `working` resolves once it claims. */
function spawnWorker(): { child: ChildProcess; working: Promise<unknown> } {
  const { environment } = platform;
  const script = join(import.meta.dirname, 'worker-process.ts');
  const child = spawn(process.execPath, [script, JSON.stringify({ environment, ledger })], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return { child, working: once(child.stdout, 'data') };
}

async function kill(child: ChildProcess): Promise<void> {
  const isGone = once(child, 'exit');
  child.kill('SIGKILL');
  await isGone;
}

interface Batch {
  readonly tenants: readonly Id<'tenant'>[];
  readonly tasksEach: number;
}

async function sendAll(tenantCount: number, tasksEach: number): Promise<Batch> {
  const tenants: Id<'tenant'>[] = [];
  for (let at = 0; at < tenantCount; at += 1) tenants.push(await platform.buildTenant({ 'Playbooks/Three.md': threeSteps }));
  await Promise.all(tenants.flatMap((tenant) => Array.from({ length: tasksEach }, (_, number) => platform.send(tenant, { number }))));
  return { tenants, tasksEach };
}

interface Progress {
  readonly done: number;
  readonly ended: number;
  readonly owners: number;
}

async function progressOf({ tenants }: Batch): Promise<Progress> {
  let [done, ended] = [0, 0];
  const owners = new Set<string>();
  for (const tenant of tenants) {
    const { rows } = await withTenant(platform.database.app.db, tenant, (tx) =>
      sql<{ state: string; outcome: string | null; owner: string | null; count: number }>`
        select state, outcome, owner, count(*)::int as count from app.task where tenant_id = ${tenant} group by 1, 2, 3`.execute(tx),
    );
    for (const { state, outcome, owner, count } of rows) {
      if (state === 'done' && outcome === 'completed') done += count;
      if (['done', 'failed', 'cancelled', 'waiting'].includes(state)) ended += count;
      if (owner !== null) owners.add(owner);
    }
  }
  return { done, ended, owners: owners.size };
}

async function untilAllEnded(batch: Batch): Promise<void> {
  let last: Progress | undefined;
  await eventually(
    async () => {
      last = await progressOf(batch);
      return last.ended === batch.tenants.length * batch.tasksEach ? true : undefined;
    },
    () => `they did not all end: ${JSON.stringify(last)}`,
    90_000,
  );
}

/** Every task came to its good end, every effect is there exactly once, and the log of it all verifies. */
async function assertAllOnce(batch: Batch): Promise<void> {
  const { tenants, tasksEach } = batch;
  assert.deepEqual(await progressOf(batch), { done: tenants.length * tasksEach, ended: tenants.length * tasksEach, owners: 0 });
  const lines = (await readFile(ledger, 'utf8')).split('\n');
  for (const tenant of tenants) {
    const { rows } = await withTenant(platform.database.app.db, tenant, (tx) =>
      sql<{ taskId: string; notes: number; changes: number; steps: number; open: number }>`
        select t.task_id, (select count(*)::int from app.step s where s.tenant_id = t.tenant_id and s.task_id = t.task_id and s.state = 'done') as steps,
          (select count(*)::int from app.attempt a where a.tenant_id = t.tenant_id and a.task_id = t.task_id and a.outcome is distinct from 'failed') as open,
          (select count(distinct v.note_id)::int from app.note_version v where v.tenant_id = t.tenant_id and v.operation_key like t.task_id || '/%') as notes,
          (select count(*)::int from app.note_version v where v.tenant_id = t.tenant_id and v.operation_key like t.task_id || '/%') as changes
        from app.task t where t.tenant_id = ${tenant}`.execute(tx),
    );
    assert.equal(rows.length, tasksEach);
    for (const { taskId, ...found } of rows) {
      assert.deepEqual(found, { notes: 1, changes: 2, steps: 3, open: 3 }, taskId);
      assert.equal(lines.filter((line) => line.endsWith(` ${taskId}`)).length, 1, `${taskId} is booked once`);
    }
  }
  await platform.sequencer.drained();
  for (const tenant of tenants) {
    const { holds, fault, entries } = await verifyTenantLog(platform.database, platform.keyring, tenant, { auditorKey: platform.auditor });
    assert.ok(holds, JSON.stringify(fault));
    assert.ok(entries >= tasksEach * 3);
  }
}

it('500 tasks whose workers are killed 20 times all finish, with every effect there exactly once', { timeout: 240_000 }, async () => {
  const random = randomFrom('kill');
  const batch = await sendAll(5, 100);
  const startedAt = performance.now();
  // While one works the next one wakes up, so that a kill costs no start.
  let [working, waking] = [spawnWorker(), spawnWorker()];
  const doneAtKill: number[] = [];
  for (let kills = 0; kills < 20; kills += 1) {
    await working.working;
    // A worker's first task is over about a second after it has begun: some are killed before that and some after. On a fast machine the
    // work done ends the wait, so that there is some left for the next.
    const [upToMs, share] = [performance.now() + 300 + random() * 1_500, (450 * (kills + 0.5)) / 20];
    while (performance.now() < upToMs && (await progressOf(batch)).done < share) await pause(10);
    await kill(working.child);
    doneAtKill.push((await progressOf(batch)).done);
    [working, waking] = [waking, spawnWorker()];
  }
  await untilAllEnded(batch);
  const tookS = (performance.now() - startedAt) / 1_000;
  console.log(`20 kills, done at each: ${doneAtKill.join(' ')}; all done after ${tookS.toFixed(1)} s`);
  await Promise.all([kill(working.child), kill(waking.child)]);
  await assertAllOnce(batch);
  assert.ok((doneAtKill.at(-1) ?? 500) < 500, 'there was work to the last kill');
});

it('two instances share the work; one is killed, and the other finishes it', async () => {
  const batch = await sendAll(2, 100);
  const [one, other] = [spawnWorker(), spawnWorker()];
  await eventually(async () => ((await progressOf(batch)).owners === 2 ? true : undefined));
  await kill(one.child);
  const { done } = await progressOf(batch);
  assert.ok(done < 200, 'there was work left');
  await untilAllEnded(batch);
  await kill(other.child);
  await assertAllOnce(batch);
});
