import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { farSide, playbook, scriptedTool } from '../../../test/flow/tools.ts';
import { type Line, type Sent, type TestCustomer, testHttp } from '../../../test/http.ts';
import { eventually } from '../../../test/platform.ts';

const side = farSide();
const {
  platform,
  send,
  ask: askAs,
  buildCustomer,
} = await testHttp({
  tools: () => [
    scriptedTool({ name: 'do.it', effect: 'write', side }),
    scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
  ],
});

interface Task {
  readonly id: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly waitReason: string | null;
  readonly planVersion: number;
  readonly isUndoing: boolean;
  readonly undo: { readonly steps: readonly string[]; readonly left: readonly string[]; readonly underWay: boolean } | null;
  readonly costs: { readonly plans: number };
  readonly steps: readonly {
    readonly id: string;
    readonly state: string;
    readonly attempts: readonly { direction: string; outcome: string | null }[];
  }[];
}
interface Found {
  readonly items: readonly Task[];
  readonly nextCursor: string | null;
  readonly lookedBackTo: string | null;
}
interface View {
  readonly id: string;
  readonly name: string;
}

let customer: TestCustomer;
let key: string;
before(async () => {
  customer = await buildCustomer();
  key = await customer.key();
  await platform.startWorker();
  const notes = {
    Do: playbook([{ id: 'one', tool: 'do.it' }], 'Do').replace('source: test', 'source: shop'),
    Pay: playbook(
      [
        { id: 'one', tool: 'do.it' },
        { id: 'pay', tool: 'pay.it', after: ['one'] },
      ],
      'Pay',
    ).replace('source: test', 'source: bank'),
  };
  for (const [name, body] of Object.entries(notes)) {
    const headers = { 'content-type': 'text/markdown', 'if-none-match': '*' };
    assert.equal((await send(`PUT /api/v1/vault/notes/Playbooks%2F${name}.md`, { key, body, headers })).status, 201);
  }
});

const ask = <T>(line: Line, sent: Sent = { key }) => askAs<T>(line, sent);
const codeOf = async (line: Line, sent: Sent = { key }) => {
  const response = await send(line, sent);
  return [response.status, ((await response.json()) as { code?: string }).code];
};

let events = 0;
async function taskOf(source: string, isThere: (task: Task) => boolean): Promise<Task> {
  events += 1;
  const json = { source, kind: 'test.happened', externalId: `task-${events}`, payload: {} };
  const { taskId } = await ask<{ taskId: string }>('POST /api/v1/events', { key, json });
  return until(taskId, isThere);
}
const until = (taskId: string, isThere: (task: Task) => boolean) =>
  eventually(async () => {
    const task = await ask<Task>(`GET /api/v1/tasks/${taskId}`);
    return isThere(task) ? task : undefined;
  });

test('a finished task says what can be undone, is undone, and then offers nothing any more', async () => {
  const task = await taskOf('shop', ({ state }) => state === 'done');
  assert.deepEqual(task.undo, { steps: ['one'], left: [], underWay: false });
  assert.deepEqual(
    task.steps[0]?.attempts.map(({ direction, outcome }) => [direction, outcome]),
    [['do', 'done']],
  );
  await ask<Task>(`POST /api/v1/tasks/${task.id}/undo`, { key, json: {} });
  const undone = await until(task.id, ({ outcome, isUndoing }) => outcome === 'undone' && !isUndoing);
  assert.deepEqual([undone.undo, undone.steps[0]?.state], [null, 'undone']);
  assert.deepEqual(await codeOf(`POST /api/v1/tasks/${task.id}/undo`, { key, json: {} }), [409, 'task.not_undoable']);
  assert.deepEqual(await codeOf(`POST /api/v1/tasks/${task.id}/replan`, { key, json: { comment: 'Again.' } }), [
    409,
    'task.not_replannable',
  ]);
});

test('a task that waits is planned anew, by whoever may write tasks', async () => {
  const task = await taskOf('bank', ({ waitReason }) => waitReason === 'approval');
  assert.equal(task.undo, null, 'it is not done');
  const json = { comment: 'Another way.' };
  assert.deepEqual(await codeOf(`POST /api/v1/tasks/${task.id}/replan`, { key: await customer.key('task:read'), json }), [
    403,
    'auth.forbidden',
  ]);
  await ask<Task>(`POST /api/v1/tasks/${task.id}/replan`, { key, json });
  const again = await until(task.id, ({ planVersion, waitReason }) => planVersion === 2 && waitReason === 'approval');
  assert.equal(again.costs.plans, 2);
});

test('the list is narrowed by what is asked, names what it can be narrowed to, and refuses what is no filter', async () => {
  const task = await taskOf('shop', ({ state }) => state === 'done');
  const { items, nextCursor, lookedBackTo } = await ask<Found>('GET /api/v1/tasks?source=shop&state=done&limit=1');
  assert.deepEqual([items.map(({ id }) => id), lookedBackTo], [[task.id], null]);
  assert.ok(nextCursor);
  assert.deepEqual((await ask<Found>('GET /api/v1/tasks?q=zebra')).items, []);
  assert.deepEqual((await ask<{ sources: string[] }>('GET /api/v1/tasks/names')).sources, ['bank', 'shop']);
  assert.equal((await send('GET /api/v1/tasks?risk=some', { key })).status, 400);
  const times = {
    'until=2530-01-01T00:00:00Z': 1,
    'until=9999-12-31T23:59:59Z': 1,
    'from=2530-01-01T00:00:00Z': 0,
    'from=1969-12-31T00:00:00Z': 1,
  };
  for (const [query, count] of Object.entries(times))
    assert.equal((await ask<Found>(`GET /api/v1/tasks?source=shop&limit=1&${query}`)).items.length, count, query);
});

test('saved views are a person’s own: others neither see, change nor delete them, and a key has none', async () => {
  const mine = { cookie: await customer.signIn() };
  const json = { page: 'tasks', name: 'Failures', filter: { state: 'failed' } };
  const view = await ask<View>('POST /api/v1/me/views', { ...mine, json });
  assert.equal((await ask<View>(`PUT /api/v1/me/views/${view.id}`, { ...mine, json: { name: 'Faults', filter: {} } })).name, 'Faults');
  assert.deepEqual(
    (await ask<{ items: View[] }>('GET /api/v1/me/views', mine)).items.map(({ name }) => name),
    ['Faults'],
  );
  const other = { cookie: await (await buildCustomer()).signIn() };
  assert.deepEqual((await ask<{ items: View[] }>('GET /api/v1/me/views', other)).items, []);
  assert.deepEqual(await codeOf(`PUT /api/v1/me/views/${view.id}`, { ...other, json: { name: 'x', filter: {} } }), [404, 'view.not_found']);
  assert.deepEqual(await codeOf('GET /api/v1/me/views'), [403, 'auth.forbidden']);
  assert.equal((await send(`DELETE /api/v1/me/views/${view.id}`, mine)).status, 204);
  assert.deepEqual((await ask<{ items: View[] }>('GET /api/v1/me/views', mine)).items, []);
});

test('fifty views are kept and no more, also when the last ones come at once', async () => {
  const mine = { cookie: await (await buildCustomer()).signIn() };
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, at) => send('POST /api/v1/me/views', { ...mine, json: { page: 'tasks', name: `${at}`, filter: {} } })),
  );
  assert.deepEqual(
    [201, 429].map((status) => answers.filter((answer) => answer.status === status).length),
    [50, 10],
  );
});
