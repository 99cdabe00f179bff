import { z } from 'zod';
import {
  broughtBack,
  cancelled,
  differences,
  type FoundItem,
  inWords,
  isIdentical,
  main,
  message,
  moved,
  movedSeries,
  movesAlong,
  seriesOf,
  utc,
} from '#flow/agenda';
import type { Tool, ToolAnswer, ToolContext } from '#flow/tool';
import { type Id, isFactotumError, type JsonObject } from '#kernel';
import { carryOut, type Intent, isSame, lookUp } from './carry-out.ts';
import type { DavObject } from './dav.ts';
import {
  type CalendarDeps,
  durationMinutes,
  eventId,
  failed,
  isAnswer,
  itemOf,
  missing,
  occurrence,
  openAccount,
  start,
  writtenSchema,
} from './parts.ts';

const egress = {
  effect: 'egress',
  risk: 'medium',
  visibleOutside: true,
  readsPrivate: false,
  canLookup: true,
  timeoutMs: 120_000,
} as const;
const which = {
  event: { role: 'steering', slot: 'id', title: 'Appointment' },
  occurrence: { role: 'steering', slot: 'datetime', title: 'Which of a series' },
} as const;

const moveInput = z.strictObject({
  event: eventId,
  occurrence: occurrence.optional(),
  /** `series`: all of its times, by as much as the one that is named, or its first. */
  scope: z.enum(['one', 'series']).optional(),
  start,
  durationMinutes: durationMinutes.optional(),
});
const cancelInput = z.strictObject({ event: eventId, occurrence: occurrence.optional(), notes: z.string().max(5_000).optional() });

/** A time as people read it: the day, or the minute with the offset of `like`, so that two times are told by one clock. */
function minutesOf(at: unknown, like = at): string {
  const [text, offset = 'Z'] = [String(at), ...(/[+-]\d\d:\d\d$/.exec(String(like)) ?? [])];
  const ms = Date.parse(text);
  if (text.length === 'YYYY-MM-DD'.length || Number.isNaN(ms)) return text;
  const offsetMs = -Date.parse(`1970-01-01T00:00:00${offset}`);
  return `${new Date(ms + offsetMs).toISOString().slice(0, 16).replace('T', ' ')} ${offset === 'Z' ? 'UTC' : offset}`;
}

/** `calendar.move`: puts an appointment of ours, one time of a series, or all of it at another time; whoever is invited is told. */
export function moveTool(deps: CalendarDeps): Tool<typeof moveInput, typeof writtenSchema> {
  return {
    manifest: {
      ...egress,
      tool: 'calendar.move',
      title: 'Move an appointment',
      reversible: true,
      args: {
        ...which,
        scope: { role: 'steering', slot: 'name', title: 'One time, or the whole series' },
        start: { role: 'steering', slot: 'datetime', title: 'New start' },
        durationMinutes: { role: 'content', slot: 'text', title: 'Minutes' },
      },
      headline: ({ scope, occurrence: from, start: to }) =>
        scope === 'series'
          ? `Move a whole series: ${from === undefined || from === null ? 'its first time' : minutesOf(from, to)} to ${minutesOf(to)}, all others by as much`
          : `Move an appointment to ${minutesOf(to)}`,
      consequence:
        'It is moved in your calendar, and those who are invited are told. Of a whole series every time moves, the past ones too; what somebody has put elsewhere stays there. Taking it back moves it back, and tells the same people.',
    },
    input: moveInput,
    output: writtenSchema,
    run: (context, given) =>
      change(deps, context, given, 'REQUEST', (ics, at) =>
        (given.scope === 'series' ? movedSeries : moved)(ics, at, {
          start: given.start.length === 10 ? given.start : Date.parse(given.start),
          durationMs: given.durationMinutes === undefined ? null : given.durationMinutes * 60_000,
        }),
      ),
    lookup: (context) => lookUp(deps, context),
    undo: (context) => moveBack(deps, context),
  };
}

/** `calendar.cancel`: calls an appointment of ours off, or one time of a series; whoever is invited is told. */
export function cancelTool(deps: CalendarDeps): Tool<typeof cancelInput, typeof writtenSchema> {
  return {
    manifest: {
      ...egress,
      tool: 'calendar.cancel',
      title: 'Call an appointment off',
      reversible: false,
      args: { ...which, notes: { role: 'content', slot: 'text', title: 'What the others are told' } },
      headline: () => 'Call an appointment off',
      consequence: 'The appointment is called off in your calendar, and those who were invited are told.',
    },
    input: cancelInput,
    output: writtenSchema,
    run: (context, given) => change(deps, context, given, 'CANCEL', cancelled),
    lookup: (context) => lookUp(deps, context),
  };
}

type Edit = (ics: string, at: Parameters<typeof cancelled>[1]) => string;

function change(
  deps: CalendarDeps,
  context: ToolContext,
  given: {
    readonly event: string;
    readonly occurrence?: string | undefined;
    readonly scope?: 'one' | 'series' | undefined;
    readonly notes?: string | undefined;
  },
  method: 'REQUEST' | 'CANCEL',
  edit: Edit,
): Promise<ToolAnswer> {
  return carryOut(deps, context, async (): Promise<Intent | ToolAnswer> => {
    const found = await itemOf(deps, context, given.event);
    if (isAnswer(found)) return found;
    const there = await current(deps, context, found);
    if (isAnswer(there)) return there;
    const { item, calendar, here } = found;
    const fresh = seriesOf(there.ics);
    const about = fresh === null ? null : main(fresh);
    if (about === null) return failed('permanent', 'agenda.unreadable', 'This appointment cannot be read any more.');
    const touched = given.scope === 'series' ? [about, ...(fresh?.overrides ?? []).filter((one) => movesAlong(one, here))] : [about];
    const invited = new Set(touched.flatMap(({ attendees }) => attendees.map(({ address }) => address)));
    const others = [...invited].filter((address) => address !== about.organizer?.address);
    const own = new Set([...calendar.addresses, ...(others.length === 0 ? [] : [(await deps.post.from(context)) ?? ''])]);
    if (about.organizer !== null && !own.has(about.organizer.address))
      return failed(
        'permanent',
        'agenda.conflict',
        `Only ${about.organizer.address} can change this appointment. Decline it, or write to them.`,
      );
    const byMail = others.length > 0 && !calendar.serverInvites;
    const from = byMail ? await deps.post.from(context) : null;
    if (byMail && from === null)
      return failed(
        'permanent',
        'connection.missing',
        'Those who are invited are told by mail, and there is no mail account that sends. Connect one.',
      );
    const at = { occurrence: nameOf(given.occurrence), here, now: context.now };
    const after = edited(there.ics, at, edit);
    if (typeof after !== 'string') return after;
    const result = seriesOf(after);
    // Of a whole series all of it is told, whichever time it was counted from.
    const what = given.scope === 'series' ? { ...at, occurrence: null } : at;
    const told = from === null ? [] : others;
    return {
      body: {
        ...{
          item: item.id,
          connectionId: calendar.connectionId,
          calendar: calendar.href,
          href: item.href,
          before: there,
          after,
          etag: null,
        },
        messages: from === null ? [] : [noticeOf(after, what, { method, from, to: others, title: about.title, notes: given.notes })],
        result: { event: item.id, calendar: calendar.name, start: startOf(result, what.occurrence), told },
      },
      expiresAt: null,
    };
  });
}

/** Moves back what a call has moved, unless somebody has changed it since, and tells those who were told. Once, however often it is asked. */
async function moveBack(deps: CalendarDeps, context: ToolContext): Promise<ToolAnswer> {
  const write = await deps.writes.find(context.tenantId, { key: context.key });
  const nothing: ToolAnswer = { kind: 'done', result: {} };
  if (write === null || write.state === 'undone') return nothing;
  const { before, after, etag, ...at } = write.body;
  if (before === null || after === null || at.connectionId === null) return nothing;
  const connectionId = at.connectionId as Id<'connection'>; // As it was kept.
  const answer = await carryOut(deps, { ...context, key: `${context.key}/back` }, async (): Promise<Intent | ToolAnswer> => {
    const account = await openAccount(deps, context, connectionId);
    if (account === null) return missing;
    const there = await account.dav.get(at.href);
    // An attempt that was cut before it wrote has left all as it was.
    if (write.state === 'intended' && there !== null && isSame(there.ics, before.ics)) return nothing;
    if (there === null || (there.etag !== etag && !isIdentical(there.ics, after)))
      return failed('permanent', 'agenda.conflict', 'Somebody has changed this appointment since, so it is left as it is.');
    const from = at.messages.length === 0 ? null : await deps.post.from(context);
    if (at.messages.length > 0 && from === null)
      return failed(
        'permanent',
        'connection.missing',
        'Those who were told are told again, and there is no mail account that sends. Connect one.',
      );
    const back = broughtBack(before.ics, after, context.now);
    const whole = { occurrence: null, here: utc, now: context.now };
    const found = seriesOf(back);
    const title = (found === null ? null : main(found))?.title ?? '';
    const told = { method: 'REQUEST', from: from ?? '', title, notes: undefined } as const;
    const messages = at.messages.map(({ to }) => noticeOf(back, whole, { ...told, to }));
    return { body: { ...at, before: there, after: back, etag: null, messages, result: {} }, expiresAt: null };
  });
  if (answer.kind === 'done') await deps.writes.advance(context.tenantId, context.key, { state: 'undone' });
  return answer.kind === 'done' ? nothing : answer;
}

/** What is in the calendar now, if it is still what the decision was about; else what has become of it. */
export async function current(
  deps: CalendarDeps,
  context: ToolContext,
  { item, calendar, series }: FoundItem,
): Promise<DavObject | ToolAnswer> {
  if (calendar.connectionId === null)
    return failed('permanent', 'agenda.conflict', 'This came by mail and lies in no calendar. It can be answered, not changed.');
  const account = await openAccount(deps, context, calendar.connectionId);
  if (account === null) return missing;
  const there = await account.dav.get(item.href);
  if (there === null) return failed('permanent', 'agenda.conflict', 'The appointment has been deleted meanwhile.');
  const now = seriesOf(there.ics);
  const changed: JsonObject = now === null ? {} : differences(series, now);
  // Answers and reminders come in at any time; when it is, and whether, is what was decided about.
  const decisive = Object.keys(changed).filter((name) =>
    ['start', 'length', 'status', 'series', 'organizer', 'occurrences'].includes(name),
  );
  if (decisive.length === 0) return there;
  return failed(
    'permanent',
    'agenda.conflict',
    `Somebody has changed the appointment meanwhile (${decisive.join(', ')}). Look at it again.`,
  );
}

function edited(ics: string, at: Parameters<Edit>[1], edit: Edit): string | ToolAnswer {
  try {
    return edit(ics, at);
  } catch (error) {
    if (isFactotumError(error, 'agenda.conflict') || isFactotumError(error, 'agenda.unreadable'))
      return failed('permanent', error.code, error.message);
    throw error;
  }
}

/** As the agenda names it, in UTC. */
const nameOf = (given: string | undefined): string | null =>
  given === undefined ? null : given.length === 10 ? given : new Date(given).toISOString();

function startOf(series: ReturnType<typeof seriesOf>, at: string | null): string {
  const one = at === null ? (series?.master ?? series?.overrides[0]) : series?.overrides.at(-1);
  return one === undefined || one === null ? '' : inWords(one.start);
}

function noticeOf(
  after: string,
  at: Parameters<Edit>[1],
  {
    method,
    from,
    to,
    title,
    notes,
  }: { method: 'REQUEST' | 'CANCEL'; from: string; to: readonly string[]; title: string; notes: string | undefined },
) {
  const words = method === 'CANCEL' ? 'Called off' : 'Moved';
  const start = startOf(seriesOf(after), at.occurrence);
  return {
    to: [...to],
    method,
    ics: message(after, at, { method, from }),
    subject: `${words}: ${title}`.slice(0, 300),
    text: [
      title,
      method === 'CANCEL' ? 'This appointment is called off.' : `It is now at ${start}.`,
      ...(notes === undefined ? [] : ['', notes]),
    ].join('\n'),
  };
}
