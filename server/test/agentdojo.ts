import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ArgManifest, ToolManifest } from '#flow/tool';
import { type Json, jsonSchema } from '#kernel';

/**
 * The AgentDojo benchmark's tasks and injections as our gate sees them: each of its tools with a manifest of ours, each argument as a
 * value of its slot. Nothing here knows which calls are attacks.
 */

const callSchema = z.object({ fn: z.string(), args: z.record(z.string(), jsonSchema) });
const taskSchema = z.object({ id: z.string(), text: z.string(), calls: z.array(callSchema) });
const suitesSchema = z.record(z.string(), z.object({ user: z.array(taskSchema), inj: z.array(taskSchema) }));
export type BenchmarkTask = z.infer<typeof taskSchema>;
type BenchmarkCall = z.infer<typeof callSchema>;

/** The suites, or null where the fixtures are not there. */
export function readSuites(): z.infer<typeof suitesSchema> | null {
  const folder = process.env.FACTOTUM_FIXTURES ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures');
  const file = join(folder, 'agentdojo', 'agentdojo.json');
  return existsSync(file) ? suitesSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
}

/** A call in our terms. */
export interface OurCall {
  readonly manifest: ToolManifest;
  readonly args: Readonly<Record<string, Json>>;
}

/** The call on the tool of ours that does the same. */
export function ourCall({ fn, args }: BenchmarkCall): OurCall {
  const kind = fn === 'create_calendar_event' && args.participants === undefined ? 'hold' : fn;
  const described = tools[kind];
  if (described === undefined) throw new Error(`there is no manifest for ${kind}`);
  const manifest: ToolManifest = {
    tool: described.tool ?? `benchmark.${kind}`,
    title: kind,
    effect: described.effect,
    risk: 'medium',
    args: described.args,
    reversible: described.effect === 'read' || described.reversible === true,
    visibleOutside: described.outside === true,
    readsPrivate: described.effect === 'read' && described.outside !== true,
    canLookup: false,
    timeoutMs: 1_000,
    headline: () => kind,
    consequence: '',
  };
  return { manifest, args: Object.fromEntries(Object.entries(args).map(([name, value]) => [name, asSlot(value, described.args[name])])) };
}

interface Described {
  readonly tool?: string;
  readonly effect: ToolManifest['effect'];
  readonly outside?: true;
  readonly reversible?: true;
  readonly args: Readonly<Record<string, ArgManifest>>;
}

const steers = (slot: ArgManifest['slot']): ArgManifest => ({ role: 'steering', slot, title: slot });
const content: ArgManifest = { role: 'content', slot: 'text', title: 'text' };
const inside = (...names: string[]): Described => ({
  effect: 'read',
  args: Object.fromEntries(names.map((name) => [name, steers('text')])),
});
const times = { start_time: steers('datetime'), end_time: steers('datetime') };
const event = { title: content, description: content, location: content, ...times };
const money = { recipient: steers('name'), amount: steers('amount'), subject: content, date: steers('date') };

const tools: Readonly<Record<string, Described | undefined>> = {
  get_current_day: inside(),
  get_day_calendar_events: inside('day'),
  search_calendar_events: inside('query', 'date'),
  search_contacts_by_name: inside('query'),
  search_emails: inside('query', 'sender'),
  get_unread_emails: inside(),
  list_files: inside(),
  search_files: inside('query'),
  search_files_by_filename: inside('filename'),
  hold: { tool: 'calendar.hold', effect: 'write', reversible: true, args: event },
  // Whoever is invited, or was, gets a mail about it.
  create_calendar_event: { effect: 'write', outside: true, args: { ...event, participants: steers('addresses') } },
  reschedule_calendar_event: { effect: 'write', outside: true, args: { event_id: steers('id'), new_start_time: steers('datetime') } },
  add_calendar_event_participants: { effect: 'write', outside: true, args: { event_id: steers('id'), participants: steers('addresses') } },
  create_file: { effect: 'write', reversible: true, args: { filename: steers('name'), content } },
  append_to_file: { effect: 'write', reversible: true, args: { file_id: steers('id'), content } },
  share_file: { effect: 'grant', args: { file_id: steers('id'), email: steers('address'), permission: steers('name') } },
  delete_file: { effect: 'destroy', args: { file_id: steers('id') } },
  delete_email: { effect: 'destroy', args: { email_id: steers('id') } },
  send_email: {
    tool: 'mail.send',
    effect: 'egress',
    outside: true,
    args: { recipients: steers('addresses'), subject: content, body: content, attachments: steers('labels') },
  },
  get_webpage: { effect: 'read', outside: true, args: { url: steers('text') } },
  post_webpage: { effect: 'egress', outside: true, args: { url: steers('text'), content } },
  get_channels: inside(),
  get_users_in_channel: inside('channel'),
  read_channel_messages: inside('channel'),
  read_inbox: inside('user'),
  send_direct_message: { effect: 'egress', outside: true, args: { recipient: steers('name'), body: content } },
  send_channel_message: { effect: 'egress', outside: true, args: { channel: steers('name'), body: content } },
  invite_user_to_slack: { effect: 'grant', outside: true, args: { user: steers('name'), user_email: steers('address') } },
  add_user_to_channel: { effect: 'grant', outside: true, args: { user: steers('name'), channel: steers('name') } },
  remove_user_from_slack: { effect: 'grant', outside: true, args: { user: steers('name') } },
  read_file: inside('file_path'),
  get_most_recent_transactions: inside('n'),
  get_scheduled_transactions: inside(),
  send_money: { tool: 'bank.pay', effect: 'money', outside: true, args: money },
  schedule_transaction: { effect: 'money', outside: true, args: { ...money, recurring: steers('text') } },
  update_scheduled_transaction: {
    effect: 'money',
    outside: true,
    args: { id: steers('id'), recipient: steers('name'), amount: steers('amount') },
  },
  update_user_info: { effect: 'write', outside: true, args: { street: steers('text'), city: steers('text') } },
  update_password: { effect: 'grant', args: { password: { role: 'secret', slot: 'text', title: 'password' } } },
};

const derived: Partial<Record<ArgManifest['slot'], Json>> = {
  address: 'somebody@example.com',
  amount: 529,
  date: '2024-05-15',
  datetime: '2024-05-15T10:00',
  id: 'id-1',
  name: 'Somebody',
};

/** The fixture's value in the form of the slot, so that no call is refused for its form. A derived value becomes some value of its kind. */
function asSlot(value: Json, arg: ArgManifest | undefined): Json {
  const slot = arg?.slot ?? 'text';
  if (Array.isArray(value))
    return value.map((item: Json) =>
      typeof item === 'object' && item !== null && 'file_id' in item ? String(item.file_id) : asSlot(item, arg),
    );
  if (typeof value === 'string' && value.includes('$DYN')) return derived[slot] ?? 'something that a tool returned';
  if (slot === 'datetime') return String(value).replace(' ', 'T');
  if (slot === 'amount') return Math.round(Number(value) * 100);
  return slot === 'id' ? String(value) : value;
}
