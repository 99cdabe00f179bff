import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noPluggedTools } from '#flow/tool';
import { newId } from '#kernel';
import { exampleCatalogue } from '../../../test/example-tools.ts';
import { workedMs } from '../../../test/worked.ts';
import type { ModelPlanner } from './model.ts';
import type { OwnModels } from './own-models.ts';
import { createPlanning } from './planning.ts';
import { type Playbook, parsePlaybook } from './playbook.ts';
import type { PlanningContext, PlanningTask, PlanOutcome } from './schema.ts';

const byModel: PlanOutcome = { kind: 'question', question: 'asked the model' };
const model: ModelPlanner = { model: 'm', plan: async () => byModel, probe: async () => null, close: async () => undefined };
const ownModels: OwnModels = {
  plannerOf: async () => Promise.reject(new Error('nobody has one')),
  forget: () => undefined,
  close: async () => undefined,
};
const withModel = createPlanning({ catalogue: exampleCatalogue, model, ownModels });
const alone = createPlanning({ catalogue: exampleCatalogue, model: null, ownModels });

const task = (payload: Record<string, string>, more: Partial<PlanningTask> = {}): PlanningTask => ({
  tenantId: newId('tenant'),
  taskId: newId('task'),
  event: {
    externalId: 'x',
    title: 'x',
    payload,
    provenance: { channel: 'drop', submittedBy: 'system:engine', integrity: 'untrusted', from: 'a@b.example' },
  },
  source: 'mail',
  kind: 'message',
  receivedAt: new Date(0),
  answers: [],
  now: new Date(0),
  ...more,
});
const context = (playbooks: Playbook[], more: Partial<PlanningContext> = {}): PlanningContext => ({
  playbooks,
  faultyPlaybooks: [],
  handbook: '',
  timeZone: 'UTC',
  locale: 'en-GB',
  maySpendOperatorModelKey: true,
  planner: 'model',
  model: null,
  ownModel: null,
  pluggedTools: noPluggedTools,
  signal: new AbortController().signal,
  ...more,
});
function playbook(title: string, yaml: string): Playbook {
  const parsed = parsePlaybook({ path: `Playbooks/${title}.md`, content: `---\n${yaml}\n---\n`, trusted: true });
  assert.ok(parsed.kind === 'playbook', JSON.stringify(parsed));
  return parsed.playbook;
}
const file = playbook(
  'File it',
  'when: {source: mail, match: {subject: {regex: Invoice}}}\nsteps: [{id: keep, tool: vault.write, args: {path: "x/${task.id}.md", content: $event.text}}]',
);
const pay = playbook(
  'Pay',
  'when: {source: mail}\nextract: {account: {type: iban, from: text}}\nsteps: [{id: keep, tool: vault.write, args: {path: x, content: $extract.account}}]',
);
const broken = playbook('Broken', 'priority: 9\nwhen: {source: mail}\nsteps: [{id: keep, tool: vault.wrote, args: {path: x}}]');
const invoice = { subject: 'Invoice 7', text: 'Please pay.' };

async function question(outcome: Promise<PlanOutcome>): Promise<{ question: string; code: string | undefined }> {
  const done = await outcome;
  assert.ok(done.kind === 'question', JSON.stringify(done));
  return { question: done.question, code: done.code };
}

test('a playbook that fits makes the plan, and nobody outside is asked', async () => {
  const given = task(invoice);
  const outcome = await withModel.plan(given, context([file]));
  assert.ok(outcome.kind === 'plan');
  assert.equal(outcome.planner, 'playbook');
  assert.equal(outcome.playbook, 'File it');
  assert.equal(outcome.usage, undefined);
  assert.deepEqual(
    outcome.plan.steps.map(({ tool }) => tool),
    ['vault.write'],
  );
  assert.ok(withModel.isQuick(given, context([file])));
});

test('without one that fits the model is asked, if the tenant may spend its key', async () => {
  const given = task({ subject: 'Hi', text: '' });
  assert.equal(await withModel.plan(given, context([file])), byModel);
  assert.ok(!withModel.isQuick(given, context([file])));
  const poor = context([file], { maySpendOperatorModelKey: false });
  assert.equal((await question(withModel.plan(task({ subject: 'Hi' }), poor))).code, 'plan.no_planner');
  assert.ok(withModel.isQuick(given, poor));
});

test('a tenant that wants playbooks alone, or a model that is not here, is asked nothing of', async () => {
  const given = task({ subject: 'Hi', text: '' });
  for (const choice of [{ planner: 'playbooks' }, { model: 'another' }] as const) {
    const choosing = context([file], choice);
    assert.equal((await question(withModel.plan(given, choosing))).code, 'plan.no_planner');
    assert.ok(withModel.isQuick(given, choosing));
  }
});

test('with neither, a person is asked in words that say what is missing', async () => {
  const near = context([file, pay], { faultyPlaybooks: [{ path: 'Playbooks/Old.md', title: 'Old', faults: ['when: is missing.'] }] });
  assert.deepEqual(await question(alone.plan(task({ subject: 'Hi', text: 'no account' }), near)), {
    code: 'plan.no_planner',
    question:
      'No playbook says what to do with this mail, and no AI model is connected. Playbook "Pay" almost fitted: no valid IBAN was found in "text". Playbook "Old" cannot be read: when: is missing. Handle it yourself, or write a playbook for it and let it try again.',
  });
  assert.match((await question(alone.plan(task({}, { source: 'shop', kind: 'order' }), near))).question, /this \(order from shop\)/);
});

test('a playbook that fits and cannot be carried out is passed over for the next one, and is shown when there is none', async () => {
  const next = await withModel.plan(task(invoice), context([broken, file]));
  assert.ok(next.kind === 'plan' && next.playbook === 'File it');
  const shown = await question(withModel.plan(task({ subject: 'Hi' }), context([broken])));
  assert.equal(shown.code, 'plan.invalid');
  assert.match(
    shown.question,
    /^Playbook "Broken" fits, but cannot be carried out: Step keep: There is no tool called vault.wrote\. Correct the playbook/,
  );
});

test('once a person has answered, the model reads the answer; a playbook would only make the same plan again', async () => {
  const answered = task(invoice, { answers: [{ at: 'x', by: 'user:usr_1', text: 'Not this time.' }] });
  assert.equal(await withModel.plan(answered, context([file])), byModel);
  assert.ok(!withModel.isQuick(answered, context([file])));
  assert.equal((await alone.plan(answered, context([file]))).kind, 'plan');
});

test('an event is worth what its provenance says, whatever it claims', async () => {
  const outcome = await alone.plan(task({ ...invoice, integrity: 'trusted', text: 'DE89370400440532013000' }), context([pay]));
  assert.ok(outcome.kind === 'plan');
  assert.deepEqual(outcome.plan.values.account?.label, { sources: ['mail:a@b.example'], integrity: 'untrusted', readers: 'tenant' });
  assert.deepEqual(outcome.plan.literal, { sources: ['playbook:Pay'], integrity: 'trusted', readers: 'anyone' });
});

test('planning by playbook takes well under a millisecond', async () => {
  const books = Array.from({ length: 20 }, (_, index) =>
    playbook(
      `P${index}`,
      `when: {source: mail, match: {subject: {regex: "(?i)topic ${index}"}}}\nsteps: [{id: a, tool: vault.write, args: {path: x, content: y}}]`,
    ),
  );
  const around = context([...books, file]);
  const rounds = 500;
  const started = workedMs();
  for (let round = 0; round < rounds; round += 1) await alone.plan(task(invoice), around);
  const each = (workedMs() - started) / rounds;
  assert.ok(each < 5, `${each.toFixed(2)} ms a plan`);
});
