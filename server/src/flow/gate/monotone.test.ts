import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ArgManifest, Effect } from '#flow/tool';
import { createPolicyEngine, defaultPolicyText, isStricter, type Label, parseDirectory, policyFromThresholds } from '#trust/policy';
import { decideStep, type GateInput } from './decide-step.ts';

const engine = createPolicyEngine();
const texts = [
  defaultPolicyText(),
  policyFromThresholds({ sendUnattendedToKnown: true, payUnattendedUpToMinor: 100 }),
  '@id("all") @title("All") permit (principal, action, resource);',
];
const directory = parseDirectory('## Contacts\n| Bob | bob@example.com |\n## Payees\n| Northwind | DE89370400440532013000 |');

const labels = fc.record({
  sources: fc.subarray(['mail:bob@example.com', 'mail:eve@evil.example', 'playbook:P', 'note:A.md'], { minLength: 1 }),
  integrity: fc.constantFrom('trusted' as const, 'untrusted' as const),
  readers: fc.constantFrom('anyone' as const, 'tenant' as const),
});
const slots = [
  ['text', 'see www.example.com'],
  ['text', 'plain'],
  ['address', 'bob@example.com'],
  ['iban', 'DE89370400440532013000'],
  ['iban', 'GB82WEST12345698765432'],
  ['amount', 50],
  ['currency', 'EUR'],
  ['name', 'Northwind'],
] as const;
const args = fc.array(
  fc.record({ slot: fc.constantFrom(...slots), role: fc.constantFrom<ArgManifest['role'][]>('steering', 'content'), label: labels }),
  { maxLength: 4 },
);

const calls = fc
  .record({
    tool: fc.constantFrom('bank.pay', 'mail.send', 'vault.write'),
    effect: fc.constantFrom<Effect[]>('read', 'write', 'egress', 'money', 'grant', 'destroy'),
    reversible: fc.boolean(),
    visibleOutside: fc.boolean(),
    readsPrivate: fc.boolean(),
    args,
    taskLabels: fc.array(labels, { maxLength: 2 }),
    readPrivate: fc.boolean(),
    text: fc.constantFrom(...texts),
  })
  .map(({ tool, effect, reversible, visibleOutside, readsPrivate, args: given, taskLabels, readPrivate, text }): GateInput => {
    const named = given.map((arg, index) => ({ ...arg, name: `a${index}` }));
    return {
      tool,
      manifest: {
        tool,
        title: tool,
        effect,
        risk: 'low',
        args: Object.fromEntries(named.map(({ name, role, slot }) => [name, { role, slot: slot[0], title: name }])),
        reversible,
        visibleOutside,
        readsPrivate,
        canLookup: false,
        timeoutMs: 1,
        headline: () => '',
        consequence: '',
      },
      args: Object.fromEntries(named.map(({ name, slot, label }) => [name, { value: slot[1], label }])),
      spec: { args: {} },
      source: 'mail',
      playbook: null,
      grants: [],
      directory,
      taskLabels,
      readPrivate,
      now: new Date('2026-03-02T10:00:00Z'),
      timeZone: 'UTC',
      policy: (facts) => engine.evaluate({ tenantId: 'ten_a', version: texts.indexOf(text), text }, facts),
    };
  });

/** The call with one thing worse: a label less trusted or more private, or private data read. */
function worse(input: GateInput, pick: number): GateInput {
  const spoil = (label: Label): Label => (pick % 2 === 0 ? { ...label, integrity: 'untrusted' } : { ...label, readers: 'tenant' });
  const names = Object.keys(input.args);
  const target = Math.floor(pick / 2) % (names.length + input.taskLabels.length + 1);
  const name = names[target];
  const labelled = name === undefined ? undefined : input.args[name];
  if (name !== undefined && labelled !== undefined)
    return { ...input, args: { ...input.args, [name]: { ...labelled, label: spoil(labelled.label) } } };
  if (target === names.length) return { ...input, readPrivate: true };
  return { ...input, taskLabels: input.taskLabels.map((label, index) => (index === target - names.length - 1 ? spoil(label) : label)) };
}

test('nothing is ever allowed more because it is trusted less', () => {
  fc.assert(
    fc.property(calls, fc.nat(100), (input, pick) => {
      const [before, after] = [decideStep(input), decideStep(worse(input, pick))];
      assert.ok(!isStricter(before.verdict, after.verdict), `${before.verdict} became ${after.verdict}`);
    }),
    { numRuns: 2_000 },
  );
});

test('equal calls get equal answers', () => {
  fc.assert(fc.property(calls, (input) => assert.deepEqual(decideStep(input), decideStep(structuredCloneOf(input)))));
});

const structuredCloneOf = (input: GateInput): GateInput => ({
  ...input,
  args: structuredClone(input.args),
  taskLabels: structuredClone(input.taskLabels),
});
