import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exampleCatalogue } from '../../../test/example-tools.ts';
import type { Arg, ExtractedValue } from './schema.ts';
import { validatePlan } from './validate.ts';

const label = { sources: ['system'], integrity: 'trusted', readers: 'anyone' } as const;
const event = { sender: 'kim@fabrikam.example', subject: 'Hi', replyTo: null, attachments: [{ name: 'a.pdf' }] };

const step = (id: string, tool: string, args: Record<string, Arg>, after: string[] = []) => ({ id, tool, args, after, why: '' });
const keep = (id: string, after: string[] = [], content: Arg = { value: 'x' }) =>
  step(id, 'vault.write', { path: { value: 'x.md' }, content }, after);
const plan = (steps: unknown[], values: Record<string, ExtractedValue> = {}) => ({ summary: 's', literal: label, values, steps });
const check = (steps: unknown[], values?: Record<string, ExtractedValue>) => validatePlan(plan(steps, values), exampleCatalogue, event);
const faultsOf = (steps: unknown[], values?: Record<string, ExtractedValue>) => check(steps, values).faults ?? [];

test('a dependency that follows from a reference is added, and only that', () => {
  const { plan: checked } = check([
    keep('a'),
    keep('b', [], { ref: '$a.path' }),
    keep('c', ['a'], { template: '${b.path} ${a.etag}' }),
    keep('d'),
  ]);
  assert.deepEqual(
    checked?.steps.map(({ id, after }) => [id, after]),
    [
      ['a', []],
      ['b', ['a']],
      ['c', ['a', 'b']],
      ['d', []],
    ],
  );
});

test('steps that wait for each other are named, by dependency or by reference', () => {
  assert.deepEqual(faultsOf([keep('a', ['b']), keep('b', ['c']), keep('c', [], { ref: '$a.path' }), keep('d')]), [
    'These steps wait for each other: a -> b -> c -> a.',
  ]);
  assert.deepEqual(faultsOf([keep('a', ['a'])]), ['These steps wait for each other: a -> a.']);
  assert.deepEqual(faultsOf([keep('a', [], { ref: '$a.path' })]), ['These steps wait for each other: a -> a.']);
  assert.deepEqual(faultsOf([keep('x', ['a']), keep('a', ['b']), keep('b', ['a'])]), ['These steps wait for each other: a -> b -> a.']);
});

test('every random graph is accepted exactly when it has no cycle', () => {
  const graph = fc
    .integer({ min: 1, max: 8 })
    .chain((size) => fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 12 }).map((edges) => ({ size, edges })));
  fc.assert(
    fc.property(graph, ({ size, edges }) => {
      const steps = Array.from({ length: size }, (_, index) =>
        keep(
          `s${index}`,
          edges.filter(([from]) => from === index).map(([, to]) => `s${to}`),
        ),
      );
      assert.equal(check(steps).plan === undefined, hasCycle(size, edges));
    }),
  );
});

test('all faults are named at once, each with its step', () => {
  const found = faultsOf([
    step('a', 'vault.read', { path: { ref: '$c.path' } }, ['zz']),
    step('b', 'mail.sent', { to: { list: [{ ref: '$event.sendr' }] } }),
    step('c', 'vault.write', { path: { ref: '$a.contnt' }, content: { template: 'Re ${a.content' }, extra: { value: 1 } }),
    keep('a'),
    step('event', 'bank.pay', { iban: { ref: '$extract.ibn' }, reference: { ref: 'nonsense' } }),
  ]);
  const expected = [
    'Two steps are called "a".',
    'A step cannot be called "event"',
    'Step a comes after "zz"',
    'wait for each other: a -> c -> a',
    'no tool called mail.sent',
    'nothing at $event.sendr',
    'has no argument extra',
    'vault.read returns nothing at $a.contnt',
    'content: "${a.content" is not a reference',
    'bank.pay needs the argument creditor',
    'bank.pay needs the argument amountMinor',
    '$extract.ibn does not exist',
    '"nonsense" is not a reference',
  ];
  for (const part of expected)
    assert.ok(
      found.some((fault) => fault.includes(part)),
      `${part} in ${found.join('\n')}`,
    );
});

test("arguments that are known now are checked against the tool's schema now", () => {
  const hold = (start: Arg, more: Record<string, Arg> = {}) => [step('h', 'calendar.hold', { title: { value: 'x' }, start, ...more })];
  assert.deepEqual(faultsOf(hold({ value: '2026-12-21T10:00:00Z' })), []);
  assert.equal(faultsOf(hold({ value: 'soon' })).length, 1);
  assert.equal(faultsOf(hold({ ref: '$event.subject' })).length, 1);
  assert.equal(faultsOf(hold({ value: '2026-12-21' }, { durationMinutes: { value: '60' } })).length, 1);
  assert.equal(
    faultsOf([step('m', 'mail.send', { to: { ref: '$event.sender' }, subject: { value: 'x' }, text: { value: '' } })]).length,
    1,
    'a text is not a list',
  );
  assert.deepEqual(
    faultsOf([step('m', 'mail.send', { to: { list: [{ ref: '$event.sender' }] }, subject: { value: 'x' }, text: { value: '' } })]),
    [],
  );
  assert.deepEqual(faultsOf([step('r', 'room.book', { from: { value: '2026-01-02T00:00:00Z' }, to: { value: '2026-01-01T00:00:00Z' } })]), [
    'Step r: room.book: the start must come before the end.',
  ]);
  assert.deepEqual(
    faultsOf([keep('a'), step('h', 'calendar.hold', { title: { value: 'x' }, start: { ref: '$a.path' } })]),
    [],
    'what a step returns is checked when it has',
  );
});

test('an optional value that was not found is left out where the tool can do without', () => {
  const values = { minutes: { value: null, label, slot: 'text' }, amount: { value: null, label, slot: 'amount' } } as const;
  const hold = { title: { value: 'x' }, start: { value: '2026-12-21' } };
  assert.deepEqual(faultsOf([step('h', 'calendar.hold', { ...hold, durationMinutes: { ref: '$extract.minutes' } })], values), []);
  assert.deepEqual(
    faultsOf([step('h', 'calendar.hold', { ...hold, durationMinutes: { ref: '$extract.amount.amountMinor' } })], values),
    [],
  );
  assert.deepEqual(faultsOf([step('h', 'calendar.hold', { ...hold, title: { ref: '$extract.minutes' } })], values), [
    'Step h: title: has no value, and calendar.hold needs one.',
  ]);
  assert.deepEqual(faultsOf([step('h', 'calendar.hold', { ...hold, start: { ref: '$event.replyTo' } })]), [
    'Step h: start: has no value, and calendar.hold needs one.',
  ]);
});

test("paths into a tool's result are held against its output, where it says what it returns", () => {
  const read = step('r', 'vault.read', { path: { value: 'x' } });
  for (const ref of ['$r.content', '$r.fields', '$r.fields.iban', '$r.fields.a[0].b', '$r.links', '$r.links[3].path'])
    assert.deepEqual(faultsOf([read, keep('k', [], { ref })]), [], ref);
  for (const ref of ['$r.iban', '$r.content.length', '$r.content[0]', '$r.links.path', '$r.links[0].title', '$r[0]'])
    assert.equal(faultsOf([read, keep('k', [], { ref })]).length, 1, ref);
});

test('an undo is checked like a step and may use what its own step returned', () => {
  const undone = (args: Record<string, Arg>) => [{ ...keep('a'), undo: { tool: 'vault.write', args } }];
  assert.deepEqual(faultsOf(undone({ path: { ref: '$a.path' }, content: { value: '' } })), []);
  assert.equal(faultsOf(undone({ path: { ref: '$a.nothing' } })).length, 2);
});

test('plans of the wrong size or shape are refused, never repaired', () => {
  const many = Array.from({ length: 21 }, (_, index) => keep(`s${index}`));
  const wide = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a${index}`, { value: 1 }]));
  const bad: unknown[] = [
    plan([]),
    plan(many),
    plan([step('a', 'vault.write', wide)]),
    plan([keep('A')]),
    plan([keep('a', [], { value: 'x'.repeat(70_000) })]),
  ];
  const shapes: unknown[] = [
    null,
    7,
    {},
    [],
    { ...plan([keep('a')]), extra: 1 },
    plan([{ ...keep('a'), args: { path: 'x' } }]),
    plan([{ ...keep('a'), args: { path: { value: Number.NaN } } }]),
  ];
  for (const candidate of [...bad, ...shapes])
    assert.ok((validatePlan(candidate, exampleCatalogue).faults ?? []).length > 0, JSON.stringify(candidate)?.slice(0, 80));
});

test('names that every object inherits are nowhere mistaken for steps, values or arguments', () => {
  for (const ref of ['$constructor.name', '$extract.constructor', '$extract.toString', '$hasownproperty.x'])
    assert.equal(faultsOf([keep('a', [], { ref })]).length, 1, ref);
  assert.equal(faultsOf([step('a', 'constructor', {})]).length, 1);
  assert.equal(
    faultsOf([step('a', 'vault.write', { path: { value: 'x' }, content: { value: 'y' }, constructor: { value: 1 } })]).length,
    1,
  );
  const own = JSON.parse('{"path":{"value":"x"},"content":{"value":"y"},"__proto__":{"value":1}}');
  assert.deepEqual(Object.keys(check([step('a', 'vault.write', own)]).plan?.steps[0]?.args ?? {}), ['path', 'content']);
});

/** Depth-first, the text-book way: another method than the one under test. */
function hasCycle(size: number, edges: readonly (readonly [number, number])[]): boolean {
  const state = new Array<number>(size).fill(0);
  const visit = (node: number): boolean => {
    if (state[node] === 1) return true;
    if (state[node] === 2) return false;
    state[node] = 1;
    const found = edges.some(([from, to]) => from === node && visit(to));
    state[node] = 2;
    return found;
  };
  return state.some((_, node) => visit(node));
}
