/** Planners that ask a fake model, for tests of how models are asked and what becomes of their answers. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import {
  createModelPlanner,
  type ModelPlanner,
  type ModelPlannerOptions,
  type PlanningContext,
  type PlanningTask,
  type PlanOutcome,
} from '#flow/plan';
import { noPluggedTools } from '#flow/tool';
import { createLogger, newId } from '#kernel';
import { exampleCatalogue } from './example-tools.ts';
import { type FakeModel, type ModelReply, type ModelScript, startFakeAnthropic } from './fake-anthropic.ts';
import { startFakeOpenai } from './fake-openai.ts';

export const key = 'sk-canary-key-5d1f';
/** Words of the event that must turn up in no log and no message. */
export const canary = 'canary-prompt-7b2e';
const open: { close(): Promise<void> }[] = [];
after(() => Promise.all(open.map((each) => each.close())));
export const silent = createLogger({ level: 'silent' });

/** A mail from a stranger that asks for a payment. */
export const task = (text = `Pay DE89 3704 0044 0532 0130 00, EUR 1,240.00 ${canary}`): PlanningTask => ({
  tenantId: newId('tenant'),
  taskId: newId('task'),
  event: {
    externalId: 'x',
    title: 'Invoice',
    payload: { sender: 'kim@fabrikam.example', name: 'Fabrikam', subject: 'Invoice', text },
    provenance: { channel: 'http', submittedBy: 'key:key_1', integrity: 'untrusted', from: 'kim@fabrikam.example' },
  },
  source: 'mail',
  kind: 'message',
  receivedAt: new Date('2026-11-20T10:00:00Z'),
  answers: [],
  now: new Date('2026-11-20T10:00:01Z'),
});
export const context = (more: Partial<PlanningContext> = {}): PlanningContext => ({
  playbooks: [],
  faultyPlaybooks: [],
  handbook: 'Be kind.',
  timeZone: 'Europe/Berlin',
  locale: 'en-GB',
  maySpendOperatorModelKey: true,
  planner: 'model',
  model: null,
  ownModel: null,
  pluggedTools: noPluggedTools,
  signal: new AbortController().signal,
  ...more,
});

type From = { ref: string } | { value: string | number } | { template: string } | { list: object[] };
/** A step as the model writes it. */
export const step = (id: string, name: string, args: Record<string, From>, more = {}) => ({
  id,
  tool: name,
  why: 'Because.',
  after: [],
  args: Object.entries(args).map(([arg, from]) => ({ name: arg, from })),
  ...more,
});
/** A model that answers with these steps. */
export const answer = (steps: object[], more = {}): ModelReply => ({
  kind: 'json',
  value: { summary: 'Files it.', question: null, steps, ...more },
});
export const filing = step('keep', 'vault.write', { path: { template: 'Inbox/${task.id}.md' }, content: { ref: '$event.text' } });
export const good = answer([filing]);

interface Setting {
  readonly fake: FakeModel;
  readonly planner: ModelPlanner;
}
/** A planner that asks a fake of Anthropic with this script. Both are closed after the tests of the file. */
export async function anthropic(script: ModelScript, more: Partial<ModelPlannerOptions> = {}): Promise<Setting> {
  const fake = await startFakeAnthropic({ key, script });
  const planner = createModelPlanner({
    provider: 'anthropic',
    model: 'claude-sonnet-5-5',
    url: fake.url,
    key,
    setBy: 'operator',
    catalogue: exampleCatalogue,
    budget: null,
    log: silent,
    timeoutMs: 5_000,
    ...more,
  });
  open.push(planner, fake);
  return { fake, planner };
}
/** A planner that asks a fake of an endpoint for chat completions. Both are closed after the tests of the file. */
export async function openai(script: ModelScript, options: { key?: string; countsTokens?: boolean } = {}): Promise<Setting> {
  const fake = await startFakeOpenai({ key: options.key, script, countsTokens: options.countsTokens ?? true });
  const planner = createModelPlanner({
    provider: 'openai-compatible',
    model: 'local',
    url: fake.url,
    key: options.key,
    setBy: 'operator',
    catalogue: exampleCatalogue,
    budget: null,
    log: silent,
    timeoutMs: 5_000,
  });
  open.push(planner, fake);
  return { fake, planner };
}
/** The plan, where there has to be one. */
export const planned = (outcome: PlanOutcome) => {
  assert.ok(outcome.kind === 'plan', JSON.stringify(outcome));
  return outcome;
};

// The SDK takes about a second to load on a busy machine; the time limits below are about the far side.
before(async () => {
  const { planner } = await anthropic([good]);
  await planner.plan(task(), context());
});
