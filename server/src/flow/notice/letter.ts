import type { Letter } from '#kernel/mail';
import { numberIn, wordsIn } from '#kernel/words';
import type { NoticeKind } from './kinds.ts';
import type { PushMessage } from './push/send.ts';

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

/**
 * One mail about everything that is due, in the words of whoever reads it.
 *
 * @param hasTitles - without them it says how many of what there are, and no more
 */
export function digestLetter(
  told: readonly Told[],
  { tenant, origin, hasTitles, locale }: { tenant: string; origin: string; hasTitles: boolean; locale: string },
): Omit<Letter, 'to'> {
  const { kinds, mail } = wordsIn(locale).notices;
  const count = (number: number) => numberIn(locale, number);
  const counted = [...Map.groupBy(told, ({ kind }) => kind)].map(([kind, some]) => mail.counted(kinds[kind], count(some.length)));
  const titled = told.slice(0, titlesMax).map(({ kind, title }) => mail.titled(kinds[kind], title));
  const more = told.length > titlesMax ? [mail.more(count(told.length - titlesMax))] : [];
  const isOne = told.length === 1;
  return {
    subject: isOne ? mail.subjectOne(tenant) : mail.subject(tenant, count(told.length)),
    text: [
      isOne ? mail.leadOne(tenant) : mail.lead(tenant, count(told.length)),
      (hasTitles ? [...titled, ...more] : counted).join('\n'),
      mail.open(`${origin}/notices`),
      mail.change(`${origin}/account/notices`),
    ].join('\n\n'),
  };
}

/** More pushes at once than this come as one. */
const pushesAtOnce = 3;

/** What a browser shows. Several at once are one message: nobody's screen fills up after a night. */
export function pushMessages(
  told: readonly Told[],
  { hasTitles, locale }: { hasTitles: boolean; locale: string },
): { message: PushMessage; told: readonly Told[] }[] {
  const words = wordsIn(locale).notices;
  if (told.length > pushesAtOnce) {
    const message = { title: words.product, body: words.several(numberIn(locale, told.length)), tag: 'several', url: '/notices' };
    return [{ message, told }];
  }
  const messageOf = ({ noticeId, kind, title, url }: Told): PushMessage => ({
    title: hasTitles ? words.kinds[kind] : words.product,
    body: hasTitles ? title : words.something,
    tag: noticeId,
    url,
  });
  return told.map((one) => ({ told: [one], message: messageOf(one) }));
}

/** What somebody who has just added a browser is sent. */
export function trialMessage(locale: string): PushMessage {
  const { product, trial } = wordsIn(locale).notices;
  return { title: product, body: trial, tag: 'trial', url: '/account/notices' };
}
