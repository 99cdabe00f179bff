import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testHttp } from '../../../test/http.ts';

const { send, buildCustomer } = await testHttp();

interface ScheduleBody {
  id: string;
  name: string;
  state: string;
  nextAt: string | null;
  payload: object;
  version: number;
}
const daily = { name: 'Every day', kind: 'daily', cron: '0 7 * * *', zone: 'Europe/Berlin', payload: { folder: 'Reports' } };
const jsonOf = async <T>(response: Response) => (await response.json()) as T;

test('a schedule is made, changed, paused, let come at once, and deleted', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const made = await send('POST /api/v1/schedules', { key, json: daily });
  assert.equal(made.status, 201);
  const { id, nextAt } = await jsonOf<ScheduleBody>(made);
  assert.match(nextAt ?? '', /T0[56]:00:00\.000Z$/);
  const changed = await jsonOf<ScheduleBody>(await send(`PUT /api/v1/schedules/${id}`, { key, json: { name: 'Each day' } }));
  assert.deepEqual([changed.name, changed.payload, changed.nextAt], ['Each day', daily.payload, nextAt], 'what is left out stays');
  const paused = await jsonOf<ScheduleBody>(await send(`PUT /api/v1/schedules/${id}`, { key, json: { state: 'paused' } }));
  assert.deepEqual([paused.state, paused.nextAt], ['paused', null]);
  const ran = await send(`POST /api/v1/schedules/${id}/run`, { key });
  assert.equal(ran.status, 202);
  const { taskId } = await jsonOf<{ taskId: string }>(ran);
  const task = await jsonOf<{ title: string; source: string }>(await send(`GET /api/v1/tasks/${taskId}`, { key }));
  assert.deepEqual([task.title, task.source], ['Each day', 'schedule']);
  const { items } = await jsonOf<{ items: ScheduleBody[] }>(await send('GET /api/v1/schedules', { key }));
  assert.deepEqual(
    items.map((item) => [item.name, item.state]),
    // The first is what every tenant starts with.
    [
      ['Monday briefing', 'active'],
      ['Each day', 'paused'],
    ],
  );
  assert.equal((await send(`DELETE /api/v1/schedules/${id}`, { key })).status, 204);
  assert.equal((await send(`GET /api/v1/schedules/${id}`, { key })).status, 404);
});

test('the next five times are shown before anything is made, on the clocks of the tenant where no zone is named', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  await send('PUT /api/v1/settings', { key, json: { timeZone: 'Asia/Tokyo' } });
  const { zone, next } = await jsonOf<{ zone: string; next: string[] }>(
    await send('POST /api/v1/schedules/preview', { key, json: { cron: '0 7 * * 1' } }),
  );
  assert.equal(zone, 'Asia/Tokyo');
  assert.equal(next.length, 5);
  for (const at of next) assert.match(at, /T22:00:00\.000Z$/);
  const refused = await send('POST /api/v1/schedules/preview', { key, json: { cron: 'at seven' } });
  assert.deepEqual([refused.status, (await jsonOf<{ code: string }>(refused)).code], [422, 'schedule.invalid']);
});

test('another time zone of the tenant moves what follows its clocks', async () => {
  const customer = await buildCustomer();
  const key = await customer.key();
  const { id } = await jsonOf<ScheduleBody>(await send('POST /api/v1/schedules', { key, json: { ...daily, zone: null } }));
  await send('PUT /api/v1/settings', { key, json: { timeZone: 'Asia/Tokyo' } });
  const { nextAt } = await jsonOf<ScheduleBody>(await send(`GET /api/v1/schedules/${id}`, { key }));
  assert.match(nextAt ?? '', /T22:00:00\.000Z$/);
});

test('who may only look makes nothing, and nobody sees another tenant’s schedules', async () => {
  const [one, other] = [await buildCustomer(), await buildCustomer()];
  const { id } = await jsonOf<ScheduleBody>(await send('POST /api/v1/schedules', { key: await one.key(), json: daily }));
  const looking = await one.key('connection:read');
  assert.equal((await send('POST /api/v1/schedules', { key: looking, json: daily })).status, 403);
  assert.equal((await send(`POST /api/v1/schedules/${id}/run`, { key: looking })).status, 403);
  for (const request of [`GET /api/v1/schedules/${id}`, `DELETE /api/v1/schedules/${id}`, `POST /api/v1/schedules/${id}/run`] as const)
    assert.equal((await send(request, { key: await other.key() })).status, 404, request);
});
