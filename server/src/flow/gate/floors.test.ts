import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '#trust/policy';
import {
  announce,
  by,
  call,
  fetch,
  grant,
  granted,
  heldRefs,
  heldTimes,
  hold,
  letter,
  look,
  member,
  ownNote,
  pay,
  payment,
  plain,
  remove,
  send,
  share,
  stranger,
  strangersPrivate,
  write,
} from '../../../test/gate-calls.ts';
import { decideBy, decideStep, type GateInput } from './decide-step.ts';
import { floors } from './floors.ts';

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
