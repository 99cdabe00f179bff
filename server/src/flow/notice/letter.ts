import type { Letter } from '#kernel/mail';
import type { NoticeKind } from './kinds.ts';
import type { PushMessage } from './push/send.ts';
import { words } from './words.ts';

/** A notice that is about to be sent. */
export interface Told {
  readonly noticeId: string;
  readonly kind: NoticeKind;
  readonly title: string;
  readonly url: string;
  readonly risk: string | null;
}

/** More titles than this nobody reads in a mail. */
const titlesMax = 20;

/** One mail about everything that is due. @param hasTitles - without them it says how many of what there are, and no more */
export function digestLetter(
  told: readonly Told[],
  { tenant, origin, hasTitles }: { tenant: string; origin: string; hasTitles: boolean },
): Omit<Letter, 'to'> {
  const counted = [...Map.groupBy(told, ({ kind }) => kind)].map(([kind, some]) => words.mail.counted(words.kinds[kind], some.length));
  const titled = told.slice(0, titlesMax).map(({ kind, title }) => words.mail.titled(words.kinds[kind], title));
  const more = told.length > titlesMax ? [words.mail.more(told.length - titlesMax)] : [];
  return {
    subject: words.mail.subject(tenant, told.length),
    text: [
      words.mail.lead(tenant, told.length),
      (hasTitles ? [...titled, ...more] : counted).join('\n'),
      words.mail.open(`${origin}/notices`),
      words.mail.change(`${origin}/account/notices`),
    ].join('\n\n'),
  };
}

/** More pushes at once than this come as one. */
const pushesAtOnce = 3;

/** What a browser shows. Several at once are one message: nobody's screen fills up after a night. */
export function pushMessages(told: readonly Told[], hasTitles: boolean): { message: PushMessage; told: readonly Told[] }[] {
  if (told.length > pushesAtOnce) {
    const message = { title: words.product, body: words.several(told.length), tag: 'several', url: '/notices' };
    return [{ message, told }];
  }
  return told.map((one) => ({ told: [one], message: messageOf(one, hasTitles) }));
}

const messageOf = ({ noticeId, kind, title, url }: Told, hasTitles: boolean): PushMessage => ({
  title: hasTitles ? words.kinds[kind] : words.product,
  body: hasTitles ? title : words.something,
  tag: noticeId,
  url,
});

/** What somebody who has just added a browser is sent. */
export const trialMessage: PushMessage = { title: words.product, body: words.trial, tag: 'trial', url: '/account/notices' };
