import { z } from 'zod';
import { compose, itemIdOf, message, utc } from '#flow/agenda';
import type { Tool, ToolAnswer, ToolContext } from '#flow/tool';
import { carryOut, type Intent, lookUp, takeBack } from './carry-out.ts';
import {
  address,
  type CalendarDeps,
  durationMinutes,
  failed,
  missing,
  openAccount,
  orFailed,
  start,
  targetOf,
  timesOf,
  title,
  uidOf,
  writtenSchema,
} from './parts.ts';

const fields = {
  title,
  start,
  durationMinutes: durationMinutes.optional(),
  location: z.string().max(500).optional(),
  notes: z.string().max(10_000).optional(),
  calendar: z.string().min(1).max(200).optional(),
  reminderMinutes: z
    .int()
    .min(0)
    .max(28 * 24 * 60)
    .optional(),
};
const createInput = z.strictObject(fields);
const inviteInput = z.strictObject({ ...fields, attendees: z.array(address).min(1).max(100) });

const args = {
  title: { role: 'content', slot: 'text', title: 'Title' },
  start: { role: 'steering', slot: 'datetime', title: 'Start' },
  durationMinutes: { role: 'content', slot: 'text', title: 'Minutes' },
  location: { role: 'content', slot: 'text', title: 'Place' },
  notes: { role: 'content', slot: 'text', title: 'Notes' },
  calendar: { role: 'steering', slot: 'name', title: 'Calendar' },
  reminderMinutes: { role: 'content', slot: 'text', title: 'Reminder, minutes before' },
} as const;

/** `calendar.create`: makes an appointment in the tenant's own calendar. Nobody is invited. */
export function createTool(deps: CalendarDeps): Tool<typeof createInput, typeof writtenSchema> {
  return {
    manifest: {
      tool: 'calendar.create',
      title: 'Make an appointment',
      effect: 'write',
      risk: 'low',
      args,
      reversible: true,
      visibleOutside: false,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 60_000,
      headline: (given) => `Put ${String(given.title)} into the calendar at ${String(given.start).replace('T', ' ').slice(0, 16)}`,
      consequence: 'The appointment stands in your own calendar. Nobody is invited.',
    },
    input: createInput,
    output: writtenSchema,
    run: (context, given) => make(deps, context, { ...given, attendees: [] }),
    lookup: (context) => lookUp(deps, context),
    undo: (context) => takeBack(deps, context),
  };
}

/** `calendar.invite`: makes an appointment and invites others, by the calendar's server or by mail. */
export function inviteTool(deps: CalendarDeps): Tool<typeof inviteInput, typeof writtenSchema> {
  return {
    manifest: {
      tool: 'calendar.invite',
      title: 'Invite to an appointment',
      effect: 'egress',
      risk: 'medium',
      args: { ...args, attendees: { role: 'steering', slot: 'addresses', title: 'Invited' } },
      reversible: false,
      visibleOutside: true,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 120_000,
      headline: (given) =>
        `Invite ${Array.isArray(given.attendees) ? given.attendees.map(String).join(', ') : ''} to ${String(given.title)} at ${String(given.start).replace('T', ' ').slice(0, 16)}`,
      consequence:
        'The appointment stands in your calendar, and those who are invited get an invitation. It can be called off, not called back.',
    },
    input: inviteInput,
    output: writtenSchema,
    run: (context, given) => make(deps, context, given),
    lookup: (context) => lookUp(deps, context),
  };
}

function make(deps: CalendarDeps, context: ToolContext, given: z.infer<typeof inviteInput>): Promise<ToolAnswer> {
  return orFailed(
    (async () => {
      const account = await openAccount(deps, context);
      if (account === null) return missing;
      return carryOut(deps, context, async (): Promise<Intent | ToolAnswer> => {
        const calendar = await targetOf(deps, context, account, given.calendar);
        if ('kind' in calendar) return calendar;
        const { attendees } = given;
        const byMail = attendees.length > 0 && !calendar.serverInvites;
        const sender = byMail ? await deps.post.from(context) : null;
        if (byMail && sender === null)
          return failed(
            'permanent',
            'connection.missing',
            'Invitations leave by mail, and there is no mail account that sends. Connect one.',
          );
        const organizer = sender ?? calendar.addresses[0];
        if (attendees.length > 0 && organizer === undefined)
          return failed(
            'permanent',
            'connection.invalid',
            'The calendar account has no mail address. Set it, so that others know who invites them.',
          );
        const uid = uidOf(context);
        const href = `${calendar.href}${uid.slice(0, 32)}.ics`;
        const { title: name, location: place, notes, reminderMinutes } = given;
        const after = compose({
          ...{ uid, now: context.now, times: timesOf(given.start, given.durationMinutes), title: name, place, notes, reminderMinutes },
          ...(attendees.length === 0 ? {} : { organizer, attendees: attendees.map((one) => one.toLowerCase()) }),
        });
        const which = { occurrence: null, here: utc, now: context.now };
        const item = itemIdOf(context.tenantId, account.connectionId, href);
        return {
          body: {
            ...{ item, connectionId: account.connectionId, calendar: calendar.href, href, before: null, after, etag: null },
            messages:
              sender === null
                ? []
                : [
                    {
                      to: attendees,
                      method: 'REQUEST',
                      ics: message(after, which, { method: 'REQUEST', from: sender }),
                      subject: `Invitation: ${name}`,
                      text: [
                        name,
                        `When: ${given.start}`,
                        ...(place === undefined ? [] : [`Where: ${place}`]),
                        ...(notes === undefined ? [] : ['', notes]),
                      ].join('\n'),
                    },
                  ],
            result: { event: item, calendar: calendar.name, start: given.start, told: sender === null ? [] : attendees },
          },
          expiresAt: null,
        };
      });
    })(),
  );
}
