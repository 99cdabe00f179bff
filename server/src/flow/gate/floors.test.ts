import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArgManifest, ToolManifest } from '#flow/tool';
import { idSchema, type Json } from '#kernel';
import { type Label, type Labelled, type PolicyVerdict, parseDirectory, type StandingGrant, type Verdict } from '#trust/policy';
import { decideBy, decideStep, type GateInput } from './decide-step.ts';
import { floors } from './floors.ts';

const member: Label = { sources: ['member:usr_1'], integrity: 'trusted', readers: 'anyone' };
const stranger: Label = { sources: ['mail:alice@example.com'], integrity: 'untrusted', readers: 'anyone' };
const strangersPrivate: Label = { ...stranger, readers: 'tenant' };
const ownNote: Label = { sources: ['note:Clients.md'], integrity: 'trusted', readers: 'tenant' };
const by = (label: Label, value: Json): Labelled => ({ value, label });

const steering = (slot: ArgManifest['slot'], title: string): ArgManifest => ({ role: 'steering', slot, title });
const content = (title: string): ArgManifest => ({ role: 'content', slot: 'text', title });
const base: Omit<ToolManifest, 'tool' | 'title' | 'args'> = {
  effect: 'write',
  risk: 'low',
  reversible: true,
  visibleOutside: false,
  readsPrivate: false,
  canLookup: false,
  timeoutMs: 1000,
  headline: () => '',
  consequence: '',
};
const write: ToolManifest = {
  ...base,
  tool: 'vault.write',
  title: 'Write a note',
  args: { path: steering('path', 'Path'), content: content('Text') },
};
const hold: ToolManifest = {
  ...base,
  tool: 'calendar.hold',
  title: 'Hold a time',
  args: { start: steering('datetime', 'Start'), end: steering('datetime', 'End') },
};
const send: ToolManifest = {
  ...base,
  tool: 'mail.send',
  title: 'Send mail',
  effect: 'egress',
  reversible: false,
  visibleOutside: true,
  args: { to: steering('addresses', 'Recipients'), subject: steering('text', 'Subject'), body: content('Text') },
};
const pay: ToolManifest = {
  ...base,
  tool: 'bank.pay',
  title: 'Pay',
  effect: 'money',
  reversible: false,
  visibleOutside: true,
  args: {
    payee: steering('name', 'Payee'),
    iban: steering('iban', 'Account'),
    amount: steering('amount', 'Amount'),
    currency: steering('currency', 'Currency'),
    reference: content('Reference'),
  },
};
const remove: ToolManifest = {
  ...base,
  tool: 'file.delete',
  title: 'Delete',
  effect: 'destroy',
  reversible: false,
  args: { id: steering('id', 'File') },
};
const share: ToolManifest = { ...remove, tool: 'file.share', title: 'Share', effect: 'grant' };
const fetch: ToolManifest = {
  ...base,
  tool: 'web.fetch',
  title: 'Fetch',
  effect: 'read',
  visibleOutside: true,
  args: { url: steering('text', 'Address') },
};
const announce: ToolManifest = { ...send, tool: 'site.announce', title: 'Announce', args: { text: content('Text') } };
const look: ToolManifest = {
  ...base,
  tool: 'vault.read',
  title: 'Read',
  effect: 'read',
  readsPrivate: true,
  args: { path: steering('path', 'Path') },
};

const allow: PolicyVerdict = { verdict: 'auto', policies: [], policyHash: '0'.repeat(64), fault: false };
const iban = 'DE89370400440532013000';
const directory = parseDirectory(`## Payees\n| Northwind Trading | ${iban} |`);
const grant: StandingGrant = {
  id: idSchema('grant').parse(`grt_${'0'.repeat(24)}`),
  tool: 'calendar.hold',
  args: { start: '$event.date', end: '$event.until' },
  source: { source: 'mail' },
  perDay: 20,
};
const plain: Omit<GateInput, 'tool' | 'manifest' | 'args'> = {
  spec: { args: {} },
  source: 'mail',
  playbook: null,
  grants: [],
  directory,
  taskLabels: [],
  readPrivate: false,
  now: new Date('2026-03-02T10:00:00Z'),
  timeZone: 'Europe/Berlin',
  policy: () => allow,
};
const call = (manifest: ToolManifest, args: GateInput['args'], more: Partial<GateInput> = {}): GateInput => ({
  ...plain,
  tool: manifest.tool,
  manifest,
  args,
  ...more,
});

const time = '2026-03-04T14:00:00+01:00';
const heldTimes = { start: by(stranger, time), end: by(stranger, time) };
const heldRefs = { args: { start: { ref: '$event.date' }, end: { ref: '$event.until' } } };
const granted = (more: Partial<GateInput> = {}): GateInput => call(hold, heldTimes, { spec: heldRefs, grants: [grant], ...more });
const payment = (label: Label, more: Partial<GateInput['args']> = {}): GateInput['args'] =>
  ({
    payee: by(label, 'Northwind'),
    iban: by(label, iban),
    amount: by(label, 124_000),
    currency: by(label, 'EUR'),
    ...more,
  }) as GateInput['args'];
const letter = (body: Labelled, to = by(member, ['bob@example.com'])): GateInput['args'] => ({ to, subject: by(member, 'Hello'), body });

/** Under a policy that allows everything, so that the floors alone decide. */
const rows: readonly [name: string, input: GateInput, verdict: Verdict, ...rules: string[]][] = [
  ['a tool that nobody knows is refused', { ...plain, tool: 'shell.run', manifest: null, args: {} }, 'deny', 'tool.unknown'],
  ['a known tool with trusted arguments runs', call(write, { path: by(member, 'Inbox/A.md'), content: by(member, 'a') }), 'auto'],

  [
    'an argument that the manifest does not list is refused',
    call(write, { path: by(member, 'Inbox/A.md'), mode: by(member, 'x') }),
    'deny',
    'argument.unlisted',
  ],
  [
    'an argument named like an inherited member is refused',
    call(write, { path: by(member, 'Inbox/A.md'), constructor: by(member, 'x') }),
    'deny',
    'argument.unlisted',
  ],
  ['an argument that is left out is no fault', call(write, { path: by(member, 'Inbox/A.md') }), 'auto'],

  [
    'an IBAN with wrong check digits is refused',
    call(pay, payment(member, { iban: by(member, 'DE89370400440532013001') })),
    'deny',
    'argument.malformed',
  ],
  [
    'an address with a display name is refused',
    call(send, letter(by(member, 'a'), by(member, ['Bob <bob@example.com>']))),
    'deny',
    'argument.malformed',
  ],
  ['a fraction of a cent is refused', call(pay, payment(member, { amount: by(member, 12.5) })), 'deny', 'argument.malformed'],
  ['nothing paid is refused', call(pay, payment(member, { amount: by(member, 0) })), 'deny', 'argument.malformed'],
  ['a payment of sound values runs where all is trusted', call(pay, payment(member)), 'auto'],
  ['a path out of the vault is refused', call(look, { path: by(member, '../secrets') }), 'deny', 'argument.malformed'],

  [
    'writing a playbook is refused',
    call(write, { path: by(member, 'Playbooks/Pay.md'), content: by(member, 'a') }),
    'deny',
    'vault.protected',
  ],
  ['writing the handbook is refused', call(write, { path: by(member, 'Company_Handbook.md') }), 'deny', 'vault.protected'],
  ['writing an approval is refused', call(write, { path: by(member, 'Approved/x.md') }), 'deny', 'vault.protected'],
  ['writing elsewhere is not', call(write, { path: by(member, 'Drafts/Playbooks.md') }), 'auto'],
  ['reading a playbook is not', call(look, { path: by(member, 'Playbooks/Pay.md') }), 'auto'],

  [
    'a path that a stranger chose asks',
    call(write, { path: by(stranger, 'Inbox/A.md'), content: by(member, 'a') }),
    'ask',
    'steering.untrusted',
  ],
  [
    'content that a stranger wrote does not',
    call(write, { path: by(member, 'Inbox/A.md'), content: by(stranger, 'see https://evil.example') }),
    'auto',
  ],
  ['reading inside where a stranger points does not', call(look, { path: by(stranger, 'Inbox/A.md') }), 'auto'],
  ['reading outside where a stranger points asks', call(fetch, { url: by(stranger, 'status') }), 'ask', 'steering.untrusted'],
  ['reading outside where a member points does not', call(fetch, { url: by(member, 'https://example.com') }), 'auto'],
  ['a time that a stranger chose asks', call(hold, heldTimes), 'ask', 'steering.untrusted'],
  ['a time that a standing grant covers runs', granted(), 'auto'],
  [
    'a grant for another argument does not cover it',
    granted({ grants: [{ ...grant, args: { start: '$event.date' } }] }),
    'ask',
    'steering.untrusted',
  ],
  [
    'a grant for another reference does not',
    granted({ spec: { args: { ...heldRefs.args, end: { ref: '$event.subject' } } } }),
    'ask',
    'steering.untrusted',
  ],
  [
    'a template around the reference is not the reference',
    granted({ spec: { args: { ...heldRefs.args, end: { template: '${event.until}' } } } }),
    'ask',
    'steering.untrusted',
  ],
  [
    'a literal that looks like the reference is not',
    granted({ spec: { args: { ...heldRefs.args, end: { value: '$event.until' } } } }),
    'ask',
    'steering.untrusted',
  ],
  ['a grant of another tool does not', granted({ grants: [{ ...grant, tool: 'vault.write' }] }), 'ask', 'steering.untrusted'],
  ['a grant for another source does not', granted({ source: 'chat' }), 'ask', 'steering.untrusted'],
  [
    'a grant for a playbook does not cover another planner',
    granted({ grants: [{ ...grant, source: { playbook: 'Meetings' } }] }),
    'ask',
    'steering.untrusted',
  ],
  [
    'a grant for a playbook covers that playbook',
    granted({ grants: [{ ...grant, source: { playbook: 'Meetings' } }], playbook: 'Meetings' }),
    'auto',
  ],
  ['an expired grant does not', granted({ grants: [{ ...grant, expiresAt: plain.now }] }), 'ask', 'steering.untrusted'],
  ['a grant that has not expired does', granted({ grants: [{ ...grant, expiresAt: new Date(plain.now.getTime() + 1) }] }), 'auto'],
  [
    'two grants do not add up to one',
    granted({
      grants: [
        { ...grant, args: { start: '$event.date' } },
        { ...grant, args: { end: '$event.until' } },
      ],
    }),
    'ask',
    'steering.untrusted',
  ],
  ['no grant covers what others can see', granted({ manifest: { ...hold, visibleOutside: true } }), 'ask', 'steering.untrusted'],
  ['no grant covers what cannot be undone', granted({ manifest: { ...hold, reversible: false } }), 'ask', 'steering.untrusted'],
  ['no grant covers what is sent out', granted({ manifest: { ...hold, effect: 'egress' } }), 'ask', 'steering.untrusted'],
  ['no grant covers deletion', granted({ manifest: { ...hold, effect: 'destroy' } }), 'ask', 'steering.untrusted', 'grave.untrusted'],

  [
    'a grant covers the reference as a list of one',
    granted({ spec: { args: { ...heldRefs.args, end: { list: [{ ref: '$event.until' }] } } } }),
    'auto',
  ],
  [
    'a list with more than the reference is not it',
    granted({ spec: { args: { ...heldRefs.args, end: { list: [{ ref: '$event.until' }, { value: 'x' }] } } } }),
    'ask',
    'steering.untrusted',
  ],

  [
    'an announcement that nothing steers asks after an untrusted mail',
    call(announce, { text: by(member, 'a') }, { taskLabels: [stranger] }),
    'ask',
    'choice.untrusted',
  ],
  ["an announcement in a stranger's words asks", call(announce, { text: by(stranger, 'a') }), 'ask', 'choice.untrusted'],
  [
    'an announcement that only members had a hand in does not',
    call(announce, { text: by(member, 'a') }, { taskLabels: [ownNote] }),
    'auto',
  ],
  [
    'a note that nothing steers stays inside',
    call({ ...announce, effect: 'write', visibleOutside: false }, { text: by(stranger, 'a') }),
    'auto',
  ],

  [
    'a payment after an untrusted mail asks, though a member chose all of it',
    call(pay, payment(member), { taskLabels: [stranger] }),
    'ask',
    'grave.untrusted',
  ],
  [
    "a payment with a stranger's reference line asks",
    call(pay, payment(member, { reference: by(stranger, 'Invoice 12') })),
    'ask',
    'grave.untrusted',
  ],
  ['deleting after an untrusted mail asks', call(remove, { id: by(member, '13') }, { taskLabels: [stranger] }), 'ask', 'grave.untrusted'],
  [
    'giving access after an untrusted mail asks',
    call(share, { id: by(member, '13') }, { taskLabels: [stranger] }),
    'ask',
    'grave.untrusted',
  ],
  ['deleting where all is trusted does not', call(remove, { id: by(member, '13') }, { taskLabels: [ownNote] }), 'auto'],
  ['writing after an untrusted mail does not', call(write, { path: by(member, 'Inbox/A.md') }, { taskLabels: [stranger] }), 'auto'],

  [
    'mail after private data and an untrusted mail asks',
    call(send, letter(by(member, 'a')), { taskLabels: [stranger, ownNote] }),
    'ask',
    'rule_of_two',
  ],
  [
    'a private text in the mail counts as private data',
    call(send, letter(by(ownNote, 'a')), { taskLabels: [stranger] }),
    'ask',
    'rule_of_two',
  ],
  [
    'a private read that left no label counts',
    call(send, letter(by(member, 'a')), { taskLabels: [stranger], readPrivate: true }),
    'ask',
    'rule_of_two',
  ],
  [
    'a tool that sends what it reads itself counts',
    call({ ...send, readsPrivate: true }, letter(by(member, 'a')), { taskLabels: [stranger] }),
    'ask',
    'rule_of_two',
  ],
  [
    'a write that others see counts as going out',
    call({ ...write, visibleOutside: true }, { path: by(member, 'Inbox/A.md') }, { taskLabels: [stranger, ownNote] }),
    'ask',
    'rule_of_two',
  ],
  [
    'fetching a page counts as going out',
    call(fetch, { url: by(member, 'https://example.com') }, { taskLabels: [strangersPrivate] }),
    'ask',
    'rule_of_two',
  ],
  ['mail after private data alone does not ask', call(send, letter(by(ownNote, 'a')), { taskLabels: [ownNote] }), 'auto'],
  ['mail after an untrusted mail alone does not', call(send, letter(by(stranger, 'a')), { taskLabels: [stranger] }), 'auto'],
  ['writing after both does not', call(write, { path: by(member, 'Inbox/A.md') }, { taskLabels: [stranger, ownNote] }), 'auto'],
  [
    "a stranger's own words going back to that stranger do not",
    call(send, letter(by(strangersPrivate, 'a'), by(member, ['alice@EXAMPLE.com']))),
    'auto',
  ],
  [
    "so may those words in a playbook's frame",
    call(
      send,
      letter(by({ ...strangersPrivate, sources: [...strangersPrivate.sources, 'playbook:Reply'] }, 'a'), by(member, ['alice@example.com'])),
    ),
    'auto',
  ],
  [
    'so may not what a model made of them and a note',
    call(
      send,
      letter(
        by({ ...strangersPrivate, sources: [...strangersPrivate.sources, 'model:m', 'note:A.md'] }, 'a'),
        by(member, ['alice@example.com']),
      ),
    ),
    'ask',
    'rule_of_two',
  ],
  [
    'a private text whose sources nobody named is known to nobody',
    call(send, letter(by({ ...strangersPrivate, sources: [] }, 'a'), by(member, ['alice@example.com']))),
    'ask',
    'rule_of_two',
  ],
  ["a stranger's words going to somebody else do", call(send, letter(by(strangersPrivate, 'a'))), 'ask', 'rule_of_two'],
  [
    "a stranger's words going to that stranger and somebody else do",
    call(send, letter(by(strangersPrivate, 'a'), by(member, ['alice@example.com', 'bob@example.com']))),
    'ask',
    'rule_of_two',
  ],

  ["a stranger's link in our mail asks", call(send, letter(by(stranger, 'see https://evil.example/login'))), 'ask', 'link.untrusted'],
  ["a stranger's picture in our mail asks", call(send, letter(by(stranger, '![](//evil.example/p.png)'))), 'ask', 'link.untrusted'],
  [
    'a link deep in a list asks',
    call(send, letter(by(stranger, [{ a: ['www.evil.example'] }]))),
    'deny',
    'argument.malformed',
    'link.untrusted',
  ],
  ["a member's link does not", call(send, letter(by(member, 'see https://example.com'))), 'auto'],
  [
    "a stranger's link that stays inside does not",
    call(write, { path: by(member, 'Inbox/A.md'), content: by(stranger, 'see https://evil.example/login') }),
    'auto',
  ],

  ['a known account under another name asks', call(pay, payment(member, { payee: by(member, 'Contoso') })), 'ask', 'payee.name'],
  ['a known account under part of its name does not', call(pay, payment(member, { payee: by(member, 'NORTHWIND') })), 'auto'],
  [
    'an account that is not listed has no name to differ from',
    call(pay, payment(member, { iban: by(member, 'GB82WEST12345698765432') })),
    'auto',
  ],
];

for (const [name, input, verdict, ...rules] of rows)
  test(`by the floors ${name}`, () => {
    const result = decideStep(input);
    assert.equal(result.verdict, verdict, JSON.stringify(result.reasons));
    assert.deepEqual(result.reasons.map(({ rule }) => rule).sort(), rules.sort());
    for (const { text, args } of result.reasons) {
      assert.match(text, /\.$/);
      for (const arg of args ?? []) assert.ok(arg in input.args);
    }
  });

for (const { rule } of floors)
  test(`the floor ${rule} is needed: without it something runs or is allowed that must not`, () => {
    const rest = floors.filter((floor) => floor.rule !== rule);
    const wrong = rows.filter(([, input, verdict]) => decideBy(rest, input).verdict !== verdict);
    assert.ok(wrong.length > 0);
  });

test('a policy can be stricter than the floors and never looser', () => {
  const trusted = call(write, { path: by(member, 'Inbox/A.md') });
  const steered = call(write, { path: by(stranger, 'Inbox/A.md') });
  const protectedNote = call(write, { path: by(stranger, 'Playbooks/A.md') });
  const says = (verdict: Verdict): Partial<GateInput> => ({
    policy: () => ({ ...allow, verdict, policies: [{ id: 'p', title: 'No', textHash: '' }] }),
  });
  const verdicts = (input: GateInput) =>
    (['auto', 'ask', 'deny'] as const).map((verdict) => decideStep({ ...input, ...says(verdict) }).verdict);
  assert.deepEqual(verdicts(trusted), ['auto', 'ask', 'deny']);
  assert.deepEqual(verdicts(steered), ['ask', 'ask', 'deny']);
  assert.deepEqual(verdicts(protectedNote), ['deny', 'deny', 'deny']);
});

test('every reason is given, the strictest first', () => {
  const result = decideStep(
    call(
      write,
      { path: by(stranger, 'Playbooks/A.md'), mode: by(stranger, 'x') },
      { policy: () => ({ ...allow, verdict: 'ask', policies: [{ id: 'p', title: 'Writing asks', textHash: '' }] }) },
    ),
  );
  assert.deepEqual(
    result.reasons.map(({ rule }) => rule),
    ['argument.unlisted', 'vault.protected', 'steering.untrusted', 'policy.p'],
  );
  assert.deepEqual(result.reasons[2]?.args, ['path', 'mode']);
  assert.equal(result.reasons[2]?.text, 'Path, mode come from mail from alice@example.com, so a stranger can have chosen it.');
});

test('a policy that cannot be evaluated or allows nothing is named as the reason', () => {
  const input = call(look, { path: by(member, 'Inbox/A.md') });
  assert.equal(decideStep({ ...input, policy: () => ({ ...allow, verdict: 'deny', fault: true }) }).reasons[0]?.rule, 'policy.fault');
  assert.equal(decideStep({ ...input, policy: () => ({ ...allow, verdict: 'deny' }) }).reasons[0]?.rule, 'policy.none');
});

test('a grant is named only when the step runs because of it', () => {
  assert.equal(decideStep(granted()).grantId, grant.id);
  assert.equal(decideStep(granted({ policy: () => ({ ...allow, verdict: 'ask' }) })).grantId, undefined);
  assert.equal(
    decideStep(call(hold, { start: by(member, time), end: by(member, time) }, { spec: heldRefs, grants: [grant] })).grantId,
    undefined,
  );
});

test('money is of high risk, and so is what a stranger steers outwards', () => {
  assert.equal(decideStep(call(pay, payment(member))).risk, 'high');
  assert.equal(decideStep(call(send, letter(by(member, 'a')))).risk, 'medium');
  assert.equal(decideStep(call(send, letter(by(member, 'a'), by(stranger, ['bob@example.com'])))).risk, 'high');
  assert.equal(decideStep(call(write, { path: by(stranger, 'Inbox/A.md') })).risk, 'low');
});
