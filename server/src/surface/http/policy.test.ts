import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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
    scriptedTool({ name: 'write.it', effect: 'write', side }),
    scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
    scriptedTool({ name: 'hold.it', effect: 'write', side, steers: true }),
  ],
});

interface Policy {
  readonly version: number;
  readonly text: string;
  readonly thresholds: { readonly writeUnattended: boolean; readonly paymentApprovals: number } | null;
}
interface Simulation {
  readonly lookedAt: number;
  readonly cutBy: string | null;
  readonly judged: number;
  readonly unjudged: Record<string, number>;
  readonly before: Record<string, number>;
  readonly after: Record<string, number>;
  readonly noLongerAsked: Record<string, number>;
  readonly demands: { readonly more: number; readonly less: number };
  readonly changed: number;
  readonly cases: readonly { headline: string; answer: string | null; before: string; after: string }[];
}
interface Task {
  readonly state: string;
  readonly approvals: readonly { readonly id: string; readonly payloadHash: string }[];
}

let customer: TestCustomer;
let key: string;
let cookie: string;
before(async () => {
  customer = await buildCustomer();
  key = await customer.key();
  cookie = await customer.signIn();
  await platform.sequencer.start();
  await platform.startWorker();
  const books = {
    Write: playbook([{ id: 'note', tool: 'write.it' }], 'Write').replace('source: test', 'source: write'),
    Pay: playbook([{ id: 'pay', tool: 'pay.it' }], 'Pay').replace('source: test', 'source: pay'),
    Hold: playbook([{ id: 'hold', tool: 'hold.it', value: '$event.word' }], 'Hold').replace('source: test', 'source: hold'),
  };
  for (const [name, body] of Object.entries(books))
    await ask(`PUT /api/v1/vault/notes/${encodeURIComponent(`Playbooks/${name}.md`)}`, {
      body,
      headers: { 'content-type': 'text/markdown', 'if-none-match': '*' },
    });
});
after(() => platform.sequencer.stop());

const ask = <T>(line: Line, sent: Sent = {}) => askAs<T>(line, { key, ...sent });
const codeOf = async (line: Line, sent: Sent = {}) => {
  const response = await send(line, { key, ...sent });
  return [response.status, ((await response.json()) as { code?: string }).code];
};
/** The far side as a person in the browser: a cookie in place of the key. */
const inBrowser = (): Sent => ({ key: undefined, cookie });

let events = 0;
async function taskIn(state: string, source: string): Promise<Task> {
  events += 1;
  const json = { source, kind: 'test.happened', externalId: `policy-${events}`, payload: { word: 'apricot' } };
  const { taskId } = await ask<{ taskId: string }>('POST /api/v1/events', { json });
  return eventually(
    async () => {
      const task = await ask<Task>(`GET /api/v1/tasks/${taskId}`);
      return task.state === state ? task : undefined;
    },
    () => `the task did not become ${state}`,
  );
}
async function decide({ approvals }: Task, decision: object): Promise<void> {
  const approval = approvals.at(-1);
  assert.ok(approval !== undefined);
  await ask(`POST /api/v1/approvals/${approval.id}/decision`, { json: { payloadHash: approval.payloadHash, ...decision } });
}
const simulate = (draft: object) => ask<Simulation>('POST /api/v1/policy/simulate', { json: draft });

test('policies are read, checked, saved over the version that was read, and an older version comes back as a new one', async () => {
  const first = await ask<Policy>('GET /api/v1/policy');
  assert.ok(first.version >= 1 && first.thresholds !== null, 'a new tenant has what the form writes');
  const faulty = { text: 'permit (principal, action, resource);' };
  const { faults } = await ask<{ faults: { line: number; message: string }[] }>('POST /api/v1/policy/check', { json: faulty });
  assert.match(faults[0]?.message ?? '', /no @id/);
  assert.deepEqual(await codeOf('PUT /api/v1/policy', { json: faulty }), [422, 'policy.invalid']);
  assert.deepEqual(await codeOf('POST /api/v1/policy/simulate', { json: faulty }), [422, 'policy.invalid']);
  const saved = await ask<Policy>('PUT /api/v1/policy', {
    json: { thresholds: { writeUnattended: false, paymentApprovals: 2, paymentStepUp: true } },
    headers: { 'if-match': `"${first.version}"` },
  });
  assert.deepEqual([saved.version, saved.thresholds?.paymentApprovals], [first.version + 1, 2]);
  assert.match(saved.text, /@approvals\("2"\)\n@stepup\("true"\)/);
  const late = { json: { thresholds: {} }, headers: { 'if-match': `"${first.version}"` } };
  assert.deepEqual(await codeOf('PUT /api/v1/policy', late), [409, 'policy.changed']);
  const back = await ask<Policy>(`POST /api/v1/policy/versions/${first.version}/restore`);
  assert.deepEqual([back.version, back.text], [first.version + 2, first.text]);
  const { items } = await ask<{ items: { version: number; author: string }[] }>('GET /api/v1/policy/versions');
  assert.deepEqual(
    items.slice(0, 3).map(({ version }) => version),
    [first.version + 2, first.version + 1, first.version],
  );
  assert.deepEqual(await codeOf('GET /api/v1/policy/versions/99'), [404, 'policy.version_not_found']);
});

test('an edited text is nobody’s form, and the settings say so as well', async () => {
  const other = await buildCustomer();
  const otherKey = await other.key();
  const { text } = await ask<Policy>('GET /api/v1/policy', { key: otherKey });
  const edited = { text: `${text}\n// Ask Anna before you change this.\n` };
  const saved = await ask<Policy & { formText: string }>('PUT /api/v1/policy', { key: otherKey, json: edited });
  assert.deepEqual([saved.thresholds, saved.formText], [null, text]);
  const settings = await ask<{ thresholds: object | null }>('GET /api/v1/settings', { key: otherKey });
  assert.equal(settings.thresholds, null);
  const form = { key: otherKey, json: { thresholds: { recipientsMax: 7 } } };
  assert.deepEqual(await codeOf('PUT /api/v1/policy', form), [409, 'policy.changed'], 'not unawares');
  assert.equal((await ask<Policy>('GET /api/v1/policy', { key: otherKey })).text, edited.text);
  await ask('PUT /api/v1/policy', { ...form, headers: { 'if-match': `"${saved.version}"` } });
  const after = await ask<{ thresholds: { recipientsMax: number } | null }>('GET /api/v1/settings', { key: otherKey });
  assert.equal(after.thresholds?.recipientsMax, 7);
});

test('a simulation says what a text would have done with what people were asked, and changes nothing', async () => {
  await ask('PUT /api/v1/policy', { json: { thresholds: { writeUnattended: false } } });
  await decide(await taskIn('waiting', 'write'), { decision: 'accept' });
  await decide(await taskIn('waiting', 'write'), { decision: 'reject', comment: 'Not this one.' });
  await decide(await taskIn('waiting', 'write'), { decision: 'edit', edits: { value: 'peach' } });
  const pay = await taskIn('waiting', 'pay');
  assert.equal(pay.approvals.length, 1);
  await eventually(async () => {
    const { unjudged } = await simulate({ thresholds: {} });
    return unjudged.edited === 1 ? true : undefined;
  });
  const before = await ask<Policy>('GET /api/v1/policy');
  const loose = await simulate({ thresholds: { writeUnattended: true } });
  assert.deepEqual([loose.lookedAt, loose.judged, loose.cutBy], [4, 3, null]);
  assert.deepEqual(loose.before, { auto: 0, ask: 3, deny: 0 });
  assert.deepEqual(loose.after, { auto: 2, ask: 1, deny: 0 });
  assert.deepEqual(loose.noLongerAsked, { approved: 1, rejected: 1, other: 0 });
  assert.deepEqual(
    loose.cases.map(({ headline, answer, before: was, after: is }) => [headline, answer, was, is]),
    [
      ['write.it note', 'rejected', 'ask', 'auto'],
      ['write.it note', 'approved', 'ask', 'auto'],
    ],
    'what somebody had said no to comes first',
  );
  const same = await simulate({ text: before.text });
  assert.deepEqual([same.changed, same.before], [0, same.after]);
  assert.deepEqual(same.demands, { more: 0, less: 0 });
  const careful = await simulate({ thresholds: { writeUnattended: false, paymentApprovals: 2 } });
  assert.deepEqual([careful.changed, careful.demands], [0, { more: 1, less: 0 }], 'the payment would need a second person');
  const nothing = await simulate({ text: '' });
  assert.deepEqual(nothing.after, { auto: 0, ask: 0, deny: 3 });
  assert.deepEqual(await ask<Policy>('GET /api/v1/policy'), before);
});

test('no text that is tried gets past the floors', async () => {
  const all = { text: '@id("all") @title("Everything") permit (principal, action, resource);' };
  const { after: said, cases } = await simulate(all);
  assert.deepEqual(said, { auto: 2, ask: 1, deny: 0 }, 'what an event brought about is never paid alone');
  assert.ok(cases.every(({ headline }) => !headline.startsWith('pay.it')));
});

test('what was decided by something that has changed since is counted as not judged', async () => {
  const grant = { tool: 'hold.it', args: { value: '$event.word' }, source: { source: 'hold' }, perDay: 5 };
  const { id } = await ask<{ id: string }>('POST /api/v1/grants', { ...inBrowser(), json: grant });
  await ask('PUT /api/v1/policy', { json: { thresholds: {} } });
  await taskIn('done', 'hold');
  const granted = await simulate({ thresholds: {} });
  assert.equal(granted.unjudged.changed_since, 0);
  assert.equal((await send(`DELETE /api/v1/grants/${id}`, { key })).status, 204);
  const revoked = await simulate({ thresholds: {} });
  assert.equal(revoked.unjudged.changed_since, 1);
  assert.equal(revoked.judged, granted.judged - 1);
});

test('a grant is a person’s, names where values come from, and never reaches money or what only travels along', async () => {
  const grant = { tool: 'hold.it', args: { value: '$event.word' }, source: { source: 'hold' }, perDay: 5 };
  assert.deepEqual(await codeOf('POST /api/v1/grants', { json: grant }), [403, 'auth.forbidden']);
  const refused = (json: object) => codeOf('POST /api/v1/grants', { ...inBrowser(), json });
  for (const faulty of [
    { ...grant, tool: 'pay.it' },
    { ...grant, tool: 'nobody.knows' },
    { ...grant, tool: 'write.it' },
    { ...grant, args: { other: '$event.word' } },
    { ...grant, args: { value: '$s1.word' } },
    { ...grant, source: {} },
    { ...grant, perDay: 1_001 },
    { ...grant, expiresAt: '2020-01-01T00:00:00Z' },
  ])
    assert.deepEqual(await refused(faulty), [400, 'request.invalid'], JSON.stringify(faulty));
  const { items: tools } = await ask<{ items: { tool: string; args: { name: string }[] }[] }>('GET /api/v1/grants/tools');
  assert.ok(tools.some(({ tool, args }) => tool === 'hold.it' && args[0]?.name === 'value'));
  assert.ok(tools.every(({ tool }) => tool !== 'pay.it'));
  const made = await ask<{ id: string; author: string; expiresAt: string | null }>('POST /api/v1/grants', { ...inBrowser(), json: grant });
  assert.match(made.author, /^user:usr_/);
  const { items } = await ask<{ items: { id: string; tool: string }[] }>('GET /api/v1/grants');
  assert.deepEqual(
    items.map(({ id, tool }) => [id, tool]),
    [[made.id, 'hold.it']],
  );
  assert.equal((await send(`DELETE /api/v1/grants/${made.id}`, { key })).status, 204);
  assert.deepEqual(await codeOf(`DELETE /api/v1/grants/${made.id}`), [404, 'grant.not_found']);
});

test('whoever may not read tasks gets the numbers of a simulation alone', async () => {
  const auditor = await customer.key('policy:read');
  const { changed, cases } = await ask<Simulation>('POST /api/v1/policy/simulate', { key: auditor, json: { text: '' } });
  assert.ok(changed > 0);
  assert.deepEqual(cases, []);
  const nobody = await customer.key('task:read');
  assert.deepEqual(await codeOf('GET /api/v1/policy', { key: nobody }), [403, 'auth.forbidden']);
  assert.deepEqual(await codeOf('PUT /api/v1/policy', { key: auditor, json: { thresholds: {} } }), [403, 'auth.forbidden']);
});
