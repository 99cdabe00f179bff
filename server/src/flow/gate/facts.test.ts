import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArgManifest, ToolManifest } from '#flow/tool';
import type { Json } from '#kernel';
import { type CallFacts, type Label, leastDemands, parseDirectory } from '#trust/policy';
import { decideStep } from './decide-step.ts';

const trusted: Label = { sources: ['member:usr_1'], integrity: 'trusted', readers: 'anyone' };
const untrusted: Label = { sources: ['mail:a@example.com'], integrity: 'untrusted', readers: 'tenant' };
const known = 'DE89370400440532013000';
const directory = parseDirectory(`## Contacts\n| Bob | bob@example.com |\n| Us | @us.example |\n## Payees\n| Northwind | ${known} |`);
const slots = { to: 'addresses', cc: 'address', iban: 'iban', amount: 'amount', currency: 'currency', note: 'text' } as const;
const args: Record<string, ArgManifest> = Object.fromEntries(
  Object.entries(slots).map(([name, slot]) => [name, { role: name === 'note' ? 'content' : 'steering', slot, title: name }]),
);
const manifest: ToolManifest = {
  tool: 'some.tool',
  title: 'Some tool',
  effect: 'money',
  risk: 'low',
  args,
  reversible: false,
  visibleOutside: true,
  readsPrivate: false,
  canLookup: false,
  timeoutMs: 1,
  headline: () => '',
  consequence: '',
};

/** The facts that the policy gets to see for these arguments. */
function factsFor(
  values: Readonly<Record<string, readonly [Json, Label]>>,
  more: { effect?: 'read'; taskLabels?: Label[]; readPrivate?: boolean; now?: string; timeZone?: string } = {},
): CallFacts {
  const seen: CallFacts[] = [];
  decideStep({
    tool: manifest.tool,
    manifest: { ...manifest, effect: more.effect ?? manifest.effect },
    args: Object.fromEntries(Object.entries(values).map(([name, [value, label]]) => [name, { value, label }])),
    spec: { args: {} },
    source: 'mail',
    playbook: null,
    grants: [],
    directory,
    taskLabels: more.taskLabels ?? [],
    readPrivate: more.readPrivate ?? false,
    now: new Date(more.now ?? '2026-03-02T10:00:00Z'),
    timeZone: more.timeZone ?? 'UTC',
    policy: (facts) => {
      seen.push(facts);
      return { verdict: 'auto', policies: [], policyHash: '', demands: leastDemands, fault: false };
    },
  });
  const [facts] = seen;
  assert.ok(facts);
  return facts;
}

test('recipients are counted once each and known only when all are', () => {
  const facts = (to: Json, cc?: string) => {
    const { recipientsKnown, recipientCount } = factsFor({
      to: [to, trusted],
      ...(cc === undefined ? {} : { cc: [cc, trusted] as const }),
    });
    return [recipientsKnown, recipientCount];
  };
  assert.deepEqual(facts(['bob@example.com']), [true, 1]);
  assert.deepEqual(facts(['bob@example.com', 'anyone@us.example']), [true, 2]);
  assert.deepEqual(facts(['bob@example.com'], 'bob@EXAMPLE.com'), [true, 1]);
  assert.deepEqual(facts(['bob@example.com'], 'eve@example.com'), [false, 2]);
  assert.deepEqual(facts([]), [true, 0]);
});

test('a payee is known by account alone, and comes from a trusted source when everything that names it does', () => {
  const facts = (values: Readonly<Record<string, readonly [Json, Label]>>) => {
    const { payeeKnown, payeeFromTrusted } = factsFor(values);
    return [payeeKnown, payeeFromTrusted];
  };
  assert.deepEqual(facts({ iban: [known, untrusted] }), [true, false]);
  assert.deepEqual(facts({ iban: ['GB82WEST12345698765432', trusted], amount: [1, untrusted] }), [false, true]);
  assert.deepEqual(facts({ iban: ['GB82WEST12345698765432', untrusted] }), [false, false]);
  assert.deepEqual(facts({ cc: ['bob@example.com', untrusted] }), [false, false], 'without an account whatever steers names the payee');
});

test('an amount is a fact only when it is exact', () => {
  const amountOf = (value: Json) => factsFor({ amount: [value, trusted] }).amountMinor;
  assert.equal(amountOf(5000), 5000);
  assert.equal(amountOf({ amountMinor: 5000, currency: 'EUR' }), 5000);
  for (const value of [12.5, -1, 0, '5000', Number.MAX_SAFE_INTEGER + 1, null, {}]) assert.equal(amountOf(value), undefined);
  assert.equal(factsFor({ currency: ['EUR', trusted] }).currency, 'EUR');
  assert.equal(factsFor({ amount: [{ amountMinor: 1, currency: 'USD' }, trusted], currency: ['EUR', trusted] }).currency, undefined);
});

test('one untrusted source anywhere in the task is a fact', () => {
  assert.equal(factsFor({ note: ['x', trusted] }, { taskLabels: [trusted] }).trustedSourcesOnly, true);
  assert.equal(factsFor({ note: ['x', untrusted] }).trustedSourcesOnly, false);
  assert.equal(factsFor({ note: ['x', trusted] }, { taskLabels: [trusted, untrusted] }).trustedSourcesOnly, false);
});

test('private data read at any time is a fact', () => {
  assert.equal(factsFor({ note: ['x', trusted] }).readsPrivate, false);
  assert.equal(factsFor({ note: ['x', trusted] }, { readPrivate: true }).readsPrivate, true);
  assert.equal(factsFor({ note: ['x', trusted] }, { taskLabels: [untrusted] }).readsPrivate, true);
});

test("the hour is the tenant's, also across a change to summer time", () => {
  assert.equal(factsFor({}, { now: '2026-03-28T23:30:00Z', timeZone: 'Europe/Berlin' }).hour, 0);
  assert.equal(factsFor({}, { now: '2026-03-29T22:30:00Z', timeZone: 'Europe/Berlin' }).hour, 0);
  assert.equal(factsFor({}, { now: '2026-03-02T10:00:00Z', timeZone: 'Asia/Kolkata' }).hour, 15);
});
