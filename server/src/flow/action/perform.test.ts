import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect, ToolAnswer, ToolCall, ToolHost, ToolManifest } from '#flow/tool';
import { FactotumError, newId } from '#kernel';
import { type Action, lookUpAction, performAction, undoAction } from './perform.ts';

const manifest = (effect: Effect, canLookup: boolean): ToolManifest => ({
  tool: 'do.it',
  title: 'Do it',
  effect,
  risk: 'low',
  args: {},
  reversible: true,
  visibleOutside: false,
  readsPrivate: false,
  canLookup,
  timeoutMs: 1_000,
  headline: () => 'Do it',
  consequence: 'It is done.',
});

const action = (effect: Effect, canLookup = true): Action => ({
  tenantId: newId('tenant'),
  taskId: newId('task'),
  key: 'task/1/step',
  manifest: manifest(effect, canLookup),
  argsJson: '{"a":1}',
  signal: AbortSignal.timeout(60_000),
  now: new Date(),
});

/** A host that answers each operation as it is told, and remembers what it was asked. */
function hostOf(answers: Partial<Record<ToolCall['operation'], ToolAnswer | Error>>): ToolHost & { readonly calls: ToolCall[] } {
  const calls: ToolCall[] = [];
  return {
    calls,
    async call(call) {
      calls.push(call);
      const answer = answers[call.operation];
      if (answer === undefined) throw new Error(`nobody expected ${call.operation}`);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

const effects = ['read', 'write', 'egress', 'money', 'grant', 'destroy'] as const;
const repeatable = (effect: Effect) => effect === 'read' || effect === 'write' || effect === 'egress';
const done: ToolAnswer = { kind: 'done', result: { path: 'x' } };
const absent: ToolAnswer = { kind: 'absent' };
const unknown: ToolAnswer = { kind: 'unknown', message: 'The line went dead.' };
const failing = (failure: 'transient' | 'rate_limited' | 'auth' | 'permanent'): ToolAnswer => ({
  kind: 'failed',
  failure,
  code: 'tool.failed',
  message: 'No.',
  retryAfterMs: 5,
});
/** Answers to a lookup that leave it open. */
const unclear: readonly ToolAnswer[] = [unknown, failing('permanent'), failing('auth')];
/** Lookups that came to nothing themselves, and say nothing. */
const unasked: readonly (ToolAnswer | Error)[] = [failing('transient'), failing('rate_limited'), new Error('down')];

test('the outcome is what the far side answered, and only what passes by itself is tried again, never money, rights or destruction', async () => {
  for (const effect of effects) {
    assert.deepEqual(await performAction(hostOf({ do: done }), action(effect)), { kind: 'done', result: { path: 'x' }, label: undefined });
    for (const failure of ['transient', 'rate_limited', 'auth', 'permanent'] as const) {
      const outcome = await performAction(hostOf({ do: failing(failure) }), action(effect));
      const retry = repeatable(effect) && (failure === 'transient' || failure === 'rate_limited');
      assert.deepEqual(outcome, { kind: 'failed', code: 'tool.failed', message: 'No.', retry, retryAfterMs: 5 });
    }
  }
});

test('the tool gets exactly the bytes that were hashed, under the key of the step', async () => {
  const host = hostOf({ do: done });
  const asked = action('write');
  await performAction(host, asked);
  const { operation, argsJson, key, tenantId, timeoutMs } = host.calls[0] ?? assert.fail();
  assert.deepEqual([operation, argsJson, key, tenantId, timeoutMs], ['do', asked.argsJson, asked.key, asked.tenantId, 1_000]);
});

test('a call that broke off is looked up at once; what is found is done, and without a trace only a harmless repetition is one', async () => {
  for (const broken of [unknown, new Error('secret words'), new FactotumError('tool.timed_out', 'It took too long.')])
    for (const effect of effects.filter((one) => one !== 'read')) {
      assert.equal((await performAction(hostOf({ do: broken, lookup: done }), action(effect))).kind, 'done');
      const gone = await performAction(hostOf({ do: broken, lookup: absent }), action(effect));
      assert.deepEqual([gone.kind, gone.kind === 'failed' && gone.retry], repeatable(effect) ? ['failed', true] : ['unknown', false]);
      for (const said of unclear) assert.equal((await performAction(hostOf({ do: broken, lookup: said }), action(effect))).kind, 'unknown');
      // What cut off the call may cut off the question as well, for a moment.
      for (const said of unasked)
        assert.equal((await performAction(hostOf({ do: broken, lookup: said }), action(effect))).kind, 'undecided');
      assert.equal((await performAction(hostOf({ do: broken }), action(effect, false))).kind, 'unknown');
      assert.doesNotMatch(JSON.stringify(gone), /secret/);
    }
});

test('a read that broke off changed nothing and is simply tried again', async () => {
  const host = hostOf({ do: unknown });
  const outcome = await performAction(host, action('read'));
  assert.deepEqual([outcome.kind, outcome.kind === 'failed' && outcome.retry, host.calls.length], ['failed', true, 1]);
});

test('after a takeover the tool says what became of the attempt; where it cannot, a person does', async () => {
  assert.deepEqual(await lookUpAction(hostOf({}), action('read')), { kind: 'absent' });
  assert.equal((await lookUpAction(hostOf({}), action('write', false))).kind, 'unknown');
  for (const effect of effects.filter((one) => one !== 'read')) {
    assert.equal((await lookUpAction(hostOf({ lookup: done }), action(effect))).kind, 'done');
    assert.equal((await lookUpAction(hostOf({ lookup: absent }), action(effect))).kind, 'absent');
    for (const said of unclear) assert.equal((await lookUpAction(hostOf({ lookup: said }), action(effect))).kind, 'unknown');
  }
});

test('a tool that cannot be asked just now says nothing about the attempt: it is asked again later', async () => {
  for (const said of unasked) {
    const outcome = await lookUpAction(hostOf({ lookup: said }), action('money'));
    assert.ok(outcome.kind === 'failed' && outcome.retry);
    assert.match(outcome.message, /cannot be asked about it yet/);
  }
});

test('an undo that broke off is asked again and never taken for done because its deed is found', async () => {
  const undo = (answer: ToolAnswer | Error, effect: Effect = 'write') =>
    undoAction(hostOf({ undo: answer, lookup: done }), { ...action(effect), resultJson: '{}' });
  assert.equal((await undo(done)).kind, 'done');
  for (const answer of [unknown, absent, new Error('broke off'), failing('transient')])
    for (const effect of effects) {
      const outcome = await undo(answer, effect);
      assert.deepEqual([outcome.kind, outcome.kind === 'failed' && outcome.retry], ['failed', true]);
    }
  const refused = await undo(failing('permanent'));
  assert.deepEqual([refused.kind, refused.kind === 'failed' && refused.retry], ['failed', false]);
});
