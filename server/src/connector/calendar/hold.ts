import { z } from 'zod';
import { compose, itemIdOf } from '#flow/agenda';
import type { Tool, ToolContext } from '#flow/tool';
import { carryOut, lookUp, restore, takeBack } from './carry-out.ts';
import { type CalendarDeps, durationMinutes, failed, openAccount, orFailed, start, targetOf, timesOf, title, uidOf } from './parts.ts';

const input = z.strictObject({
  title,
  /** ISO 8601 with offset, or a date alone for a whole day. */
  start,
  durationMinutes: durationMinutes.optional(),
  location: z.string().max(500).optional(),
  notes: z.string().max(10_000).optional(),
  calendar: z.string().min(1).max(200).optional(),
  /** After this the time is free again, unless somebody has changed the appointment by then. */
  expiresInHours: z
    .int()
    .min(1)
    .max(24 * 90)
    .optional(),
});
const output = z.object({
  /** Of the file in the vault, where there is no calendar account. */
  path: z.string().nullable(),
  etag: z.string(),
  event: z.string().nullable(),
  calendar: z.string().nullable(),
  expiresAt: z.string().nullable(),
});

/** A time that nobody said how long to hold is held for three days in a calendar that others see. */
const expiresInHoursDefault = 72;

/** `calendar.hold`: keeps a time, in the tenant's calendar or, where there is none, as a file in the vault. No invitation goes out. */
export function holdTool(deps: CalendarDeps): Tool<typeof input, typeof output> {
  return {
    manifest: {
      tool: 'calendar.hold',
      title: 'Hold a time',
      effect: 'write',
      risk: 'low',
      args: {
        title: { role: 'content', slot: 'text', title: 'Title' },
        start: { role: 'steering', slot: 'datetime', title: 'Start' },
        durationMinutes: { role: 'content', slot: 'text', title: 'Minutes' },
        location: { role: 'content', slot: 'text', title: 'Place' },
        notes: { role: 'content', slot: 'text', title: 'Notes' },
        calendar: { role: 'steering', slot: 'name', title: 'Calendar' },
        expiresInHours: { role: 'content', slot: 'text', title: 'Hours until it is free again' },
      },
      reversible: true,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 60_000,
      headline: (args) => `Hold ${String(args.start).replace('T', ' ').slice(0, 16)} for ${String(args.title)}`,
      consequence: 'The time is held in your own calendar, for three days where nothing else is said. Nobody is invited.',
    },
    input,
    output,
    run: (context, args) =>
      orFailed(
        (async () => {
          const account = await openAccount(deps, context);
          if (account === null) return holdInVault(deps, context, args);
          return carryOut(deps, context, async () => {
            const calendar = await targetOf(deps, context, account, args.calendar);
            if ('kind' in calendar) return calendar;
            const uid = uidOf(context);
            const href = `${calendar.href}${uid.slice(0, 32)}.ics`;
            const expiresAt = new Date(context.now.getTime() + (args.expiresInHours ?? expiresInHoursDefault) * 3_600_000);
            const item = itemIdOf(context.tenantId, account.connectionId, href);
            return {
              body: {
                ...{ item, connectionId: account.connectionId, calendar: calendar.href, href, before: null, etag: null, messages: [] },
                after: written(context, uid, args, true),
                result: { path: null, etag: '', event: item, calendar: calendar.name, expiresAt: expiresAt.toISOString() },
              },
              expiresAt,
            };
          });
        })(),
      ),
    async lookup(context) {
      const known = await lookUp(deps, context);
      if (known.kind === 'done') return known;
      const kept = await deps.keeper.find(context, null);
      return kept.kind === 'done' ? { kind: 'done', result: { ...kept.result, ...inVault } } : kept;
    },
    async undo(context) {
      const write = await deps.writes.find(context.tenantId, { key: context.key });
      if (write === null || write.body.connectionId === null) return deps.keeper.takeBack(context);
      return takeBack(deps, context);
    },
  };
}

const inVault = { event: null, calendar: null, expiresAt: null };

async function holdInVault(deps: CalendarDeps, context: ToolContext, args: z.infer<typeof input>) {
  if (args.calendar !== undefined || args.expiresInHours !== undefined)
    return failed(
      'permanent',
      'connection.missing',
      'Only a calendar account has calendars and times that end. Connect one, or hold the time without.',
    );
  const uid = uidOf(context);
  const path = `Calendar/${args.start.slice(0, 10)}_${uid.slice(0, 12)}.ics`;
  const kept = await deps.keeper.keep(context, { path, content: written(context, uid, args, false), outbox: null });
  return { kind: 'done' as const, result: { ...kept, ...inVault } };
}

function written(context: ToolContext, uid: string, args: z.infer<typeof input>, isTentative: boolean): string {
  const { title: name, location: place, notes } = args;
  return compose({ uid, now: context.now, times: timesOf(args.start, args.durationMinutes), title: name, place, notes, isTentative });
}

/**
 * Lets go of a time whose hold has ended: the timed half of `calendar.hold`.
 * @returns false when it cannot be done now. What somebody has changed since is theirs, and stays.
 */
export const createRelease =
  (deps: Pick<CalendarDeps, 'agenda' | 'writes' | 'connections'>) =>
  async (tenantId: ToolContext['tenantId'], writeId: string): Promise<boolean> => {
    const write = await deps.writes.find(tenantId, { id: writeId });
    if (write === null || write.state === 'undone') return true;
    const signal = AbortSignal.timeout(60_000);
    const answer = await orFailed(
      restore(deps, { tenantId, signal }, write).then((back) => (back === 'restored' ? { kind: 'done' as const, result: {} } : back)),
    );
    return answer.kind === 'done' || (answer.kind === 'failed' && answer.code === 'agenda.conflict');
  };
