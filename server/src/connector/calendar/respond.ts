import { createHash } from 'node:crypto';
import { z } from 'zod';
import { answered, type FoundItem, itemIdOf, main, message } from '#flow/agenda';
import type { Tool, ToolAnswer, ToolContext } from '#flow/tool';
import { carryOut, type Intent, lookUp } from './carry-out.ts';
import { current } from './change.ts';
import { type CalendarDeps, eventId, failed, isAnswer, itemOf, occurrence, openAccount, targetOf, writtenSchema } from './parts.ts';

const input = z.strictObject({
  event: eventId,
  answer: z.enum(['accept', 'decline', 'tentative']),
  occurrence: occurrence.optional(),
  notes: z.string().max(5_000).optional(),
});
const answers = { accept: 'ACCEPTED', decline: 'DECLINED', tentative: 'TENTATIVE' } as const;
const words = { accept: 'Accepted', decline: 'Declined', tentative: 'Tentatively accepted' } as const;

/** `calendar.respond`: answers an invitation, wherever it came in; the organiser is told. */
export function respondTool(deps: CalendarDeps): Tool<typeof input, typeof writtenSchema> {
  return {
    manifest: {
      tool: 'calendar.respond',
      title: 'Answer an invitation',
      effect: 'egress',
      risk: 'medium',
      args: {
        event: { role: 'steering', slot: 'id', title: 'Invitation' },
        answer: { role: 'steering', slot: 'name', title: 'Answer' },
        occurrence: { role: 'steering', slot: 'datetime', title: 'Which of a series' },
        notes: { role: 'content', slot: 'text', title: 'What the organiser is told' },
      },
      reversible: false,
      visibleOutside: true,
      readsPrivate: false,
      canLookup: true,
      timeoutMs: 120_000,
      headline: (given) => `Answer an invitation: ${String(given.answer)}`,
      consequence: 'The organiser is told, and what is accepted stands in your calendar.',
    },
    input,
    output: writtenSchema,
    run: (context, given) =>
      carryOut(deps, context, async () => {
        const found = await itemOf(deps, context, given.event);
        return isAnswer(found) ? found : plan(deps, context, found, given);
      }),
    lookup: (context) => lookUp(deps, context),
  };
}

async function plan(
  deps: CalendarDeps,
  context: ToolContext,
  found: FoundItem,
  given: z.infer<typeof input>,
): Promise<Intent | ToolAnswer> {
  const { item, calendar, series, here } = found;
  const about = main(series);
  const sender = await deps.post.from(context);
  const own = [...calendar.addresses, ...(sender === null ? [] : [sender.toLowerCase()])];
  // Invited by a list's address, one answers by one's own.
  const self = about?.attendees.find(({ address }) => own.includes(address))?.address ?? own[0];
  if (about?.organizer == null || own.includes(about.organizer.address))
    return failed('permanent', 'agenda.conflict', 'Nobody has invited you to this appointment.');
  if (self === undefined)
    return failed('permanent', 'connection.invalid', 'Neither the calendar nor a mail account says which address is yours.');
  const byMail = calendar.connectionId === null || !calendar.serverInvites;
  if (byMail && sender === null)
    return failed('permanent', 'connection.missing', 'Answers leave by mail, and there is no mail account that sends. Connect one.');
  const at = { occurrence: given.occurrence === undefined ? null : nameOf(given.occurrence), here, now: context.now };
  const place = await placeOf(deps, context, found, given.answer);
  if ('kind' in place) return place;
  const after = answered(place.before?.ics ?? item.ics, at, self, answers[given.answer]);
  const organizer = about.organizer.address;
  return {
    body: {
      ...place,
      after: place.isRemoved ? null : after,
      etag: null,
      messages: byMail
        ? [
            {
              to: [organizer],
              method: 'REPLY',
              ics: message(after, at, { method: 'REPLY', from: self }),
              subject: `${words[given.answer]}: ${about.title}`.slice(0, 300),
              text: [`${words[given.answer]}: ${about.title}`, ...(given.notes === undefined ? [] : ['', given.notes])].join('\n'),
            },
          ]
        : [],
      result: { event: place.item, calendar: place.name, start: '', told: byMail ? [organizer] : [] },
    },
    expiresAt: null,
  };
}

/** Where the answer is written: where the invitation lies, or for one that came by mail into the account's first calendar, if it is accepted. */
async function placeOf(deps: CalendarDeps, context: ToolContext, found: FoundItem, answer: keyof typeof answers) {
  const { item, calendar } = found;
  const here = { item: item.id, connectionId: calendar.connectionId, calendar: calendar.href, href: item.href, name: calendar.name };
  if (calendar.connectionId !== null) {
    const there = await current(deps, context, found);
    return isAnswer(there) ? there : { ...here, before: there, isRemoved: false };
  }
  const before = { etag: '', ics: item.ics };
  const account = answer === 'decline' ? null : await openAccount(deps, context);
  if (account === null) return { ...here, before, isRemoved: answer === 'decline' };
  const target = await targetOf(deps, context, account, undefined);
  if ('kind' in target) return target;
  const name = createHash('sha256').update(item.href).digest('hex').slice(0, 32);
  const href = `${target.href}${name}.ics`;
  const there = await account.dav.get(href);
  return {
    ...{
      item: itemIdOf(context.tenantId, account.connectionId, href),
      connectionId: account.connectionId,
      calendar: target.href,
      href,
      name: target.name,
    },
    ...{ before: there, isRemoved: false },
  };
}

const nameOf = (given: string): string => (given.length === 10 ? given : new Date(given).toISOString());
