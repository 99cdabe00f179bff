import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, newId } from '#kernel';
import { createSampler } from '#ops/status';
import { testHttp } from '../../../test/http.ts';
import { cookiesOf, testOrigin } from '../../../test/identity.ts';

const { platform, send, buildCustomer } = await testHttp();
const sampler = createSampler({ ...platform, log: createLogger({ level: 'silent' }), roles: ['api'], tasksRunning: () => 3 });

async function jsonOf<T>(response: Response): Promise<T> {
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as T; // the routes' own schema is checked by `send`
}
interface Status {
  readonly tasks: { due: number; running: number; oldestAt: string | null; line: number[]; received: number; waiting: object };
  readonly planning: object;
}
interface System {
  readonly processes: readonly {
    id: string;
    pid: number;
    roles: string[];
    isAlive: boolean;
    now: Record<string, number>;
    lines: Record<string, (number | null)[]>;
  }[];
  readonly queue: { due: number; line: (number | null)[]; tenants: readonly { id: string; due: number }[] };
}
const event = (externalId: string) => ({ source: 'test', kind: 'test.x', externalId, payload: {} });

async function operator(): Promise<string> {
  const { token } = await platform.identity.operators.create({ email: `${newId('user')}@example.com`, name: 'Olga' });
  return cookiesOf(await send('POST /api/v1/session', { json: { token }, headers: { origin: testOrigin } }));
}

test('a tenant sees what of its own waits, and nothing of another', async () => {
  const [one, other] = [await buildCustomer(), await buildCustomer()];
  const key = await one.key('task:read', 'event:write');
  for (const id of ['a', 'b', 'c']) await send('POST /api/v1/events', { key, json: event(id) });
  await sampler.look();
  const { tasks, planning } = await jsonOf<Status>(await send('GET /api/v1/status', { key }));
  assert.deepEqual([tasks.due, tasks.running, tasks.received], [3, 0, 3]);
  assert.ok(tasks.oldestAt !== null);
  assert.deepEqual(tasks.waiting, { approval: 0, question: 0, unknown: 0, quota: 0 });
  assert.equal(tasks.line.length, 120);
  assert.ok(tasks.line.slice(-3).includes(3), 'the sample is at the end of the line');
  assert.deepEqual(planning, { plans: 0, byModel: 0, lastModelAt: null, modelFaults: 0 });
  const theirs = await jsonOf<Status>(await send('GET /api/v1/status', { key: await other.key('task:read') }));
  assert.deepEqual([theirs.tasks.due, theirs.tasks.received, Math.max(...theirs.tasks.line)], [0, 0, 0]);
  assert.equal((await send('GET /api/v1/status', { key: await one.key('vault:read') })).status, 403);
});

test('who operates the installation sees every process and where work waits, and nobody else does', async () => {
  const one = await buildCustomer();
  await send('POST /api/v1/events', { key: await one.key(), json: event('a') });
  platform.gauges.answered(12, 200);
  platform.gauges.answered(80, 503);
  platform.gauges.taskEnded();
  await sampler.look();
  const { processes, queue } = await jsonOf<System>(await send('GET /api/v1/operator/system', { cookie: await operator() }));
  const mine = processes.find(({ id }) => id === sampler.processId);
  assert.ok(mine, 'this process is among them');
  assert.deepEqual([mine.pid, mine.roles, mine.isAlive, mine.now.tasksRunning], [process.pid, ['api'], true, 3]);
  for (const name of ['cpu', 'residentBytes', 'requests', 'faults', 'p95Ms', 'tasksPerMinute', 'poolMax'])
    assert.ok((mine.now[name] ?? 0) > 0, `${name} is ${mine.now[name]}`);
  assert.ok(Math.abs((mine.now.p99Ms ?? 0) - 80) < 1, `${mine.now.p99Ms}`);
  assert.equal(mine.lines.cpu?.length, 120);
  assert.ok(mine.lines.cpu?.some((value) => value !== null));
  assert.ok(queue.due >= 1 && queue.tenants.some(({ id, due }) => id === one.tenantId && due === 1));
  assert.equal((await send('GET /api/v1/operator/system', { key: await one.key() })).status, 401);
  assert.equal((await send('GET /api/v1/operator/system', { cookie: await one.signIn() })).status, 401);
});

test('figures begin anew with each look, and samples that are too old go', async () => {
  const { pool } = platform.database.engine;
  platform.gauges.take();
  assert.deepEqual([platform.gauges.take().requests, platform.gauges.take().p50Ms], [0, null]);
  await pool.query(`insert into app.process_sample values ('prc_${'0'.repeat(24)}', now() - interval '2 hours', '{}', '{}')`);
  await createSampler({ ...platform, roles: [], tasksRunning: () => 0 }).look();
  const { rows } = await pool.query(`select 1 from app.process_sample where at < now() - interval '62 minutes'`);
  assert.equal(rows.length, 0);
});
