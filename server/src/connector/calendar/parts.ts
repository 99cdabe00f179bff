import { createHash } from 'node:crypto';
import { type ConnectorFault, isConnectorFault } from '@factotum/connector-sdk';
import { z } from 'zod';
import type { Keeper } from '#flow/action';
import type { Agenda, FoundItem, InvitationMessage, Writes } from '#flow/agenda';
import type { Connections } from '#flow/connection';
import type { ToolAnswer, ToolContext } from '#flow/tool';
import type { Id } from '#kernel';
import { normaliseAddress } from '#trust/policy';
import { davOf } from './account.ts';
import type { Dav } from './dav.ts';
import { caldavKind } from './settings.ts';

/** Mails about appointments, over the tenant's mail account. */
export interface InvitationPost {
  /** The address that they come from; null where there is no account that sends. */
  from(context: ToolContext): Promise<string | null>;
  /** Sends one, once a call; the key of the context tells calls apart. */
  send(context: ToolContext, message: InvitationMessage): Promise<ToolAnswer>;
  /** What became of the one with this key. */
  lookup(context: ToolContext): Promise<ToolAnswer>;
}

export interface CalendarDeps {
  readonly keeper: Keeper;
  readonly agenda: Agenda;
  readonly writes: Writes;
  readonly connections: Pick<Connections, 'open'>;
  readonly post: InvitationPost;
}

/** An account that is open, and its calendars as last seen, the one that is written into first. */
export interface OpenAccount {
  readonly connectionId: Id<'connection'>;
  readonly dav: Dav;
}

export const title = z.string().min(1).max(300);
export const start = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);
export const durationMinutes = z
  .int()
  .min(5)
  .max(7 * 24 * 60);
export const eventId = z.string().regex(/^agi_[0-9a-f]{24}$/, 'must be the id of an appointment, agi_...');
/** Which time of a series: as the agenda names it. */
export const occurrence = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);
export const address = z
  .string()
  .max(254)
  .refine((text) => normaliseAddress(text) !== null && text === text.trim(), 'must be a bare mail address');

/** What a tool tells of an appointment that it has written. */
export const writtenSchema = z.object({
  /** Its id in the agenda. */
  event: z.string(),
  calendar: z.string(),
  start: z.string(),
  /** Who was told by mail; the server itself may tell others. */
  told: z.array(z.string()),
});

/** An appointment nobody gave a length gets an hour. */
const durationMinutesDefault = 60;
const minutesPerDay = 24 * 60;

/** A date alone is whole days: as many as the minutes fill, at least one. */
export function timesOf(from: string, minutes: number | undefined) {
  if (from.length === 'YYYY-MM-DD'.length) return { date: from, days: Math.max(1, Math.ceil((minutes ?? 0) / minutesPerDay)) };
  return { startMs: Date.parse(from), durationMs: (minutes ?? durationMinutesDefault) * 60_000 };
}

/** The id of what a call makes: the same for every attempt, so that a repeated one is recognised, and nobody can guess it. */
export const uidOf = ({ tenantId, key }: Pick<ToolContext, 'tenantId' | 'key'>): string =>
  `${createHash('sha256').update(`${tenantId}/${key}`).digest('hex').slice(0, 32)}@factotum.invalid`;

/** @returns null where the tenant has no such connection, or it is paused. */
export async function openAccount(
  { connections }: Pick<CalendarDeps, 'connections'>,
  { tenantId, signal }: Pick<ToolContext, 'tenantId' | 'signal'>,
  connectionId?: Id<'connection'>,
): Promise<OpenAccount | null> {
  const opened = await connections.open(tenantId, {
    connector: caldavKind,
    signal,
    ...(connectionId === undefined ? {} : { connectionId }),
  });
  return opened === null ? null : { connectionId: opened.id, dav: davOf(opened.context) };
}

/** The calendar that a new appointment goes into: the one that is named, or the account's first. */
export async function targetOf({ agenda }: CalendarDeps, { tenantId }: ToolContext, account: OpenAccount, name: string | undefined) {
  const own = (await agenda.calendars(tenantId)).filter(({ connectionId }) => connectionId === account.connectionId);
  const found = name === undefined ? own[0] : own.find((one) => one.name === name);
  if (found !== undefined) return found;
  return own.length === 0
    ? failed('transient', 'connection.unavailable', 'The calendars have not been read yet. It is tried again in a moment.')
    : failed('permanent', 'agenda.conflict', `There is no calendar ${name ?? ''}. There are: ${own.map((one) => one.name).join(', ')}.`);
}

/** The appointment that a call names. */
export async function itemOf({ agenda }: CalendarDeps, { tenantId }: ToolContext, id: string): Promise<FoundItem | ToolAnswer> {
  const found = await agenda.find(tenantId, id);
  return found ?? failed('permanent', 'agenda.conflict', 'There is no such appointment any more.');
}

type Failure = Extract<ToolAnswer, { kind: 'failed' }>;

export const failed = (failure: Failure['failure'], code: Failure['code'], message: string): Failure => ({
  kind: 'failed',
  failure,
  code,
  message,
});

export const missing = failed(
  'permanent',
  'connection.missing',
  'This needs a calendar account. Connect one under Connections, or resume the one that is paused.',
);

/** A fault of the account as a tool tells it. */
function failedBy({ kind, message, retryAfterMs }: ConnectorFault): ToolAnswer {
  const failure = kind === 'cursor_expired' ? 'transient' : kind;
  const code = failure === 'transient' || failure === 'rate_limited' ? 'connection.unavailable' : 'connection.refused';
  return { ...failed(failure, code, message), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Answers with a fault of the account instead of throwing it. */
export const orFailed = (work: Promise<ToolAnswer>): Promise<ToolAnswer> =>
  work.catch((error: unknown) => {
    if (isConnectorFault(error)) return failedBy(error);
    throw error;
  });

export const isAnswer = (value: object): value is ToolAnswer => 'kind' in value && !('item' in value);
