import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFactotumError, type Json } from '#kernel';
import type { Label } from '#trust/policy';
import { type Facts, resolveArgs, taskFacts } from './resolve.ts';
import type { Arg } from './schema.ts';

const made = (source: string, integrity: Label['integrity'], readers: Label['readers'] = 'tenant'): Label => ({
  sources: [source],
  integrity,
  readers,
});
const written = made('playbook:P', 'trusted', 'anyone');
const stranger = made('mail:x@y.example', 'untrusted');
const vault = made('note:PO-1.md', 'trusted');

const facts: Facts = {
  literal: written,
  values: { total: { value: { amountMinor: 124_000, currency: 'EUR' }, label: stranger }, due: { value: null, label: stranger } },
  event: {
    value: { from: { address: 'x@y.example' }, to: ['a@b.example', 'c@d.example'], replyTo: null, n: 3, deep: { list: [{ x: 1 }] } },
    label: stranger,
  },
  results: { read: { value: { iban: 'DE89370400440532013000' }, label: vault } },
  task: taskFacts({ taskId: 'tsk_1', receivedAt: new Date('2026-12-31T23:30:00Z'), timeZone: 'Europe/Berlin' }),
};
const resolve = (args: Record<string, Arg>, around: Facts = facts) => resolveArgs({ id: 's', args }, around);

test("a reference keeps its source's label, a literal has the planner's", () => {
  assert.deepEqual(
    resolve({
      a: { ref: '$event.from.address' },
      b: { ref: '$read.iban' },
      c: { value: 'x' },
      d: { ref: '$extract.total.amountMinor' },
      e: { ref: '$task.id' },
      f: { ref: '$task.receivedOn' },
    }),
    {
      a: { value: 'x@y.example', label: stranger },
      b: { value: 'DE89370400440532013000', label: vault },
      c: { value: 'x', label: written },
      d: { value: 124_000, label: stranger },
      e: { value: 'tsk_1', label: made('system', 'trusted', 'anyone') },
      f: { value: '2027-01-01', label: made('system', 'trusted', 'anyone') },
    },
  );
});

test('a text with holes carries the labels of everything in it: one foreign word makes it foreign', () => {
  const { a, b } = resolve({
    a: { template: 'Pay ${extract.total} to ${read.iban} (${event.to}, ${event.n}${event.replyTo})' },
    b: { template: 'Dear ${read.iban}' },
  });
  assert.equal(a?.value, 'Pay 1,240.00 EUR to DE89370400440532013000 (a@b.example, c@d.example, 3)');
  assert.deepEqual(a?.label, { sources: ['mail:x@y.example', 'note:PO-1.md', 'playbook:P'], integrity: 'untrusted', readers: 'tenant' });
  assert.deepEqual(b?.label, { sources: ['note:PO-1.md', 'playbook:P'], integrity: 'trusted', readers: 'tenant' });
});

test('a list joins its labels, takes in lists, and leaves out what is absent', () => {
  const { to } = resolve({ to: { list: [{ ref: '$event.to' }, { value: 'e@f.example' }, { ref: '$event.replyTo' }] } });
  assert.deepEqual(to, {
    value: ['a@b.example', 'c@d.example', 'e@f.example'],
    label: { sources: ['mail:x@y.example', 'playbook:P'], integrity: 'untrusted', readers: 'tenant' },
  });
});

test('what is absent is left out, what is missing is an error that names every argument', () => {
  assert.deepEqual(
    resolve({ a: { ref: '$event.replyTo' }, b: { ref: '$extract.due' }, c: { ref: '$extract.due.year' }, d: { value: null } }),
    {},
  );
  assert.throws(
    () =>
      resolve({
        a: { ref: '$event.nothing' },
        b: { ref: '$gone.x' },
        c: { template: '${event.deep}' },
        d: { ref: '$extract.none' },
        e: { value: 1 },
      }),
    (error) =>
      isFactotumError(error, 'plan.value_missing') &&
      ['a: There is nothing at $event.nothing', 'b: ', 'c: $event.deep is not a text', 'd: '].every((part) => error.message.includes(part)),
  );
});

test('nothing that objects inherit can be reached', () => {
  for (const ref of [
    '$event.__proto__',
    '$event.constructor',
    '$event.toString',
    '$constructor.name',
    '$extract.constructor',
    '$event.to.length',
    '$__proto__.x',
  ])
    assert.throws(
      () => resolve({ a: { ref } }),
      (error) => isFactotumError(error, 'plan.value_missing'),
      ref,
    );
});

test('whatever an event holds and a plan says, resolving gives labelled values or names what is missing', () => {
  const payload = fc.jsonValue({ maxDepth: 5 }).map((value) => value as Json);
  const piece = fc.constantFrom(
    'event',
    'extract',
    'read',
    'task',
    'x',
    '__proto__',
    'constructor',
    'length',
    '.',
    '[',
    ']',
    '0',
    '1',
    '$',
    '{',
    '}',
    '${event.x}',
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  const source = fc.oneof(
    text.map((ref) => ({ ref: `$${ref}` })),
    text.map((template) => ({ template })),
    payload.map((value) => ({ value })),
  );
  const arg: fc.Arbitrary<Arg> = fc.oneof(
    source,
    fc.array(source, { maxLength: 3 }).map((list) => ({ list })),
  );
  fc.assert(
    fc.property(payload, payload, fc.dictionary(fc.constantFrom('a', 'constructor', 'toString'), arg), (one, other, args) => {
      const around = { ...facts, event: { value: one, label: stranger }, results: { read: { value: other, label: vault } } };
      try {
        for (const { value, label } of Object.values(resolve(args, around))) {
          JSON.stringify(value);
          assert.ok(label.sources.length > 0);
        }
      } catch (error) {
        if (!isFactotumError(error, 'plan.value_missing')) throw error;
      }
    }),
  );
});

test('a text does not grow without bound', () => {
  const around = { ...facts, event: { value: { x: 'x'.repeat(100_000) }, label: stranger } };
  assert.throws(
    () => resolve({ a: { template: '${event.x}${event.x}${event.x}' } }, around),
    (error) => isFactotumError(error, 'plan.value_missing'),
  );
});
