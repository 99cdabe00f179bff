/** Calls of every kind of tool as the gate is asked about them, for tests of its decision. */
import type { GateInput } from '#flow/gate';
import type { ArgManifest, ToolManifest } from '#flow/tool';
import { idSchema, type Json } from '#kernel';
import { type Label, type Labelled, leastDemands, type PolicyVerdict, parseDirectory, type StandingGrant } from '#trust/policy';

export const member: Label = { sources: ['member:usr_1'], integrity: 'trusted', readers: 'anyone' };
export const stranger: Label = { sources: ['mail:alice@example.com'], integrity: 'untrusted', readers: 'anyone' };
export const strangersPrivate: Label = { ...stranger, readers: 'tenant' };
export const ownNote: Label = { sources: ['note:Clients.md'], integrity: 'trusted', readers: 'tenant' };
/** A value and where it comes from. */
export const by = (label: Label, value: Json): Labelled => ({ value, label });

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
export const write: ToolManifest = {
  ...base,
  tool: 'vault.write',
  title: 'Write a note',
  args: { path: steering('path', 'Path'), content: content('Text') },
};
export const hold: ToolManifest = {
  ...base,
  tool: 'calendar.hold',
  title: 'Hold a time',
  args: { start: steering('datetime', 'Start'), end: steering('datetime', 'End') },
};
export const send: ToolManifest = {
  ...base,
  tool: 'mail.send',
  title: 'Send mail',
  effect: 'egress',
  reversible: false,
  visibleOutside: true,
  args: { to: steering('addresses', 'Recipients'), subject: steering('text', 'Subject'), body: content('Text') },
};
export const pay: ToolManifest = {
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
export const remove: ToolManifest = {
  ...base,
  tool: 'file.delete',
  title: 'Delete',
  effect: 'destroy',
  reversible: false,
  args: { id: steering('id', 'File') },
};
export const share: ToolManifest = { ...remove, tool: 'file.share', title: 'Share', effect: 'grant' };
export const fetch: ToolManifest = {
  ...base,
  tool: 'web.fetch',
  title: 'Fetch',
  effect: 'read',
  visibleOutside: true,
  args: { url: steering('text', 'Address') },
};
export const announce: ToolManifest = { ...send, tool: 'site.announce', title: 'Announce', args: { text: content('Text') } };
export const look: ToolManifest = {
  ...base,
  tool: 'vault.read',
  title: 'Read',
  effect: 'read',
  readsPrivate: true,
  args: { path: steering('path', 'Path') },
};

/** The answer of a policy that allows everything. */
export const allow: PolicyVerdict = { verdict: 'auto', policies: [], policyHash: '0'.repeat(64), demands: leastDemands, fault: false };
const iban = 'DE89370400440532013000';
const directory = parseDirectory(`## Payees\n| Northwind Trading | ${iban} |`);
/** A standing grant for the times of `hold`, for whatever comes by mail. */
export const grant: StandingGrant = {
  id: idSchema('grant').parse(`grt_${'0'.repeat(24)}`),
  tool: 'calendar.hold',
  args: { start: '$event.date', end: '$event.until' },
  source: { source: 'mail' },
  perDay: 20,
};
/** What a call is made in, when nothing else is said: a mail, no playbook, no grants, nothing read before. */
export const plain: Omit<GateInput, 'tool' | 'manifest' | 'args'> = {
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
/** A call of this tool with these arguments. */
export const call = (manifest: ToolManifest, args: GateInput['args'], more: Partial<GateInput> = {}): GateInput => ({
  ...plain,
  tool: manifest.tool,
  manifest,
  args,
  ...more,
});

export const time = '2026-03-04T14:00:00+01:00';
export const heldTimes = { start: by(stranger, time), end: by(stranger, time) };
/** A plan whose times are exactly what the grant covers. */
export const heldRefs = { args: { start: { ref: '$event.date' }, end: { ref: '$event.until' } } };
/** A hold at a stranger's time, under the grant that covers it. */
export const granted = (more: Partial<GateInput> = {}): GateInput => call(hold, heldTimes, { spec: heldRefs, grants: [grant], ...more });
/** Arguments of a payment that is sound; all of it comes from one place, unless said otherwise. */
export const payment = (label: Label, more: Partial<GateInput['args']> = {}): GateInput['args'] =>
  ({
    payee: by(label, 'Northwind'),
    iban: by(label, iban),
    amount: by(label, 124_000),
    currency: by(label, 'EUR'),
    ...more,
    // Partial only so that each may be left out; none is given as undefined.
  }) as GateInput['args'];
/** Arguments of a mail. */
export const letter = (body: Labelled, to = by(member, ['bob@example.com'])): GateInput['args'] => ({
  to,
  subject: by(member, 'Hello'),
  body,
});
