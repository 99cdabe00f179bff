import type { Span, WorkFigures } from '#flow/report';
import { dayIn, daysIn, moneyIn, numberIn, spanIn, wordsIn } from '#kernel/words';
import type { MoneyFigures } from './money.ts';

/** What a briefing is written from. */
export interface BriefingFacts {
  readonly span: Span;
  /** The day it is for, YYYY-MM-DD. */
  readonly date: string;
  readonly work: WorkFigures;
  /** The week before, to compare with. */
  readonly before: WorkFigures;
  readonly money: MoneyFigures | null;
  /** The oldest first, each with what it is called in a locale. */
  readonly waiting: readonly { readonly headline: (locale: string) => string; readonly since: Date; readonly expiresAt: Date }[];
  readonly locale: string;
}

const waitingShown = 10;
/** Approved this often and never refused, a tool of no high risk is worth a rule. */
const routineCount = 5;
const dayMs = 86_400_000;

export const briefingTitle = ({ date, locale }: Pick<BriefingFacts, 'date' | 'locale'>): string =>
  wordsIn(locale).briefing.title(dayIn(locale, new Date(`${date}T00:00:00Z`)));

/** The weekly briefing as Markdown, in the words of its locale. Every number has its period; what nobody knows is left out rather than guessed. */
export function composeBriefing(facts: BriefingFacts): string {
  const { span, locale } = facts;
  const words = wordsIn(locale).briefing;
  const sections = [
    `# ${briefingTitle(facts)}`,
    words.span(dayIn(locale, span.from), dayIn(locale, new Date(span.to.getTime() - 1))),
    waitingSection(facts),
    money(facts),
    workSection(facts),
    bottlenecks(facts),
    list(words.suggestions.title, suggestions(facts)),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function waitingSection({ waiting, work, span, locale }: BriefingFacts): string {
  const words = wordsIn(locale).briefing.waiting;
  const count = countIn(locale);
  const { approval, question, unknown } = work.waiting;
  if (approval + question + unknown === 0) return `## ${words.title}\n${words.nothing}`;
  const lines = waiting.slice(0, waitingShown).map(({ headline, since, expiresAt }) => {
    const days = Math.floor((span.to.getTime() - since.getTime()) / dayMs);
    const age = days < 1 ? words.fresh : daysIn(locale, days);
    const isExpiring = Math.floor((expiresAt.getTime() - span.to.getTime()) / dayMs) < 2;
    return (isExpiring ? words.oneExpiring : words.one)(plain(headline(locale)), age);
  });
  const more = approval - lines.length;
  return list(words.title, [
    ...lines,
    ...(more > 0 ? [words.more(count(more))] : []),
    ...some(question, words.question, () => words.questions(count(question))),
    ...some(unknown, words.unknown, () => words.unknowns(count(unknown))),
  ]);
}

function money({ money: figures, locale }: BriefingFacts): string {
  if (figures === null) return '';
  const words = wordsIn(locale).briefing.money;
  const count = countIn(locale);
  const { flows, openInvoices, dueSoon, hints } = figures;
  const lines = flows.flatMap(({ currency, inMinor, outMinor, largest }) => [
    words.flow(moneyIn(locale, inMinor, currency), moneyIn(locale, outMinor, currency)),
    ...largest.slice(0, 3).map(({ name, outMinor: minor }) => words.to(moneyIn(locale, minor, currency), plain(name))),
  ]);
  return list(words.title, [
    ...(lines.length === 0 ? [words.nothing] : lines),
    ...some(openInvoices, words.invoice(count(dueSoon)), () => words.invoices(count(openInvoices), count(dueSoon))),
    ...hints.slice(0, 5).map(plain),
  ]);
}

function workSection({ work, before, locale }: BriefingFacts): string {
  const words = wordsIn(locale).briefing.work;
  const count = countIn(locale);
  const { approved, rejected, medianWaitSeconds } = work.approvals;
  const done = [count(work.completed), count(before.completed)] as const;
  const answered = [count(approved), count(rejected)] as const;
  return list(words.title, [
    work.arrived === 1 ? words.task(count(before.arrived)) : words.tasks(count(work.arrived), count(before.arrived)),
    work.medianSecondsToDone === null ? words.completed(...done) : words.completedIn(...done, spanIn(locale, work.medianSecondsToDone)),
    ...(work.refused + work.partly > 0 ? [words.partly(count(work.refused), count(work.partly))] : []),
    ...(work.failed > 0 ? [words.failed(count(work.failed), count(before.failed))] : []),
    ...(approved + rejected === 0
      ? []
      : [medianWaitSeconds === null ? words.answered(...answered) : words.answeredIn(...answered, spanIn(locale, medianWaitSeconds))]),
  ]);
}

function bottlenecks({ work: { slowestAnswers, failed }, locale }: BriefingFacts): string {
  const words = wordsIn(locale).briefing.bottlenecks;
  const count = countIn(locale);
  const slow = slowestAnswers.filter(({ medianSeconds }) => medianSeconds > 4 * 3_600);
  return list(words.title, [
    ...slow.map(({ tool, medianSeconds, count: asked }) => words.slow(tool, spanIn(locale, medianSeconds), count(asked))),
    ...some(failed, words.failed, () => words.failures(count(failed))),
  ]);
}

function suggestions({ work, locale }: BriefingFacts): string[] {
  const words = wordsIn(locale).briefing.suggestions;
  const count = countIn(locale);
  const routine = work.approvalsByTool.filter(({ approved, rejected, isRisky }) => approved >= routineCount && rejected === 0 && !isRisky);
  const { expired } = work.approvals;
  return [
    ...routine.map(({ tool, approved }) => words.routine(tool, count(approved))),
    ...work.unplanned.filter((one) => one.count >= 3).map((one) => words.unplanned(count(one.count), `${one.source}/${one.kind}`)),
    ...some(expired, words.expired, () => words.expirations(count(expired))),
  ];
}

const countIn = (locale: string) => (count: number) => numberIn(locale, count);
/** Nothing of none, the words for one, or those for many. */
const some = (count: number, one: string, many: () => string): string[] => (count === 0 ? [] : [count === 1 ? one : many()]);
const list = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `## ${title}\n${lines.map((line) => `- ${line}`).join('\n')}`;

/** Somebody else's words: on one line, not too many, and nothing in them is Markdown or a link. */
const plain = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, 200)
    .replaceAll(/[\\`*_{}[\]()#+!|<>~$^=:/@-]/g, '\\$&');
