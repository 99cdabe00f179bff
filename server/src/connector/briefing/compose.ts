import type { Span, WorkFigures } from '#flow/report';
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
  /** The oldest first. */
  readonly waiting: readonly { readonly headline: string; readonly since: Date; readonly expiresAt: Date }[];
  readonly locale: string;
}

const waitingShown = 10;
/** Approved this often and never refused, a tool of no high risk is worth a rule. */
const routineCount = 5;
const dayMs = 86_400_000;

/** The weekly briefing as Markdown. Every number has its period; what nobody knows is left out rather than guessed. */
export function composeBriefing(facts: BriefingFacts): string {
  const { work, span, locale } = facts;
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  const lastDay = new Date(span.to.getTime() - 1);
  const sections = [
    `# Monday briefing, ${facts.date}`,
    `${day.format(span.from)} to ${day.format(lastDay)}.`,
    waitingSection(facts),
    money(facts),
    workSection(facts),
    bottlenecks(work),
    list('Suggestions', suggestions(facts)),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function waitingSection({ waiting, work, span }: BriefingFacts): string {
  const { approval, question, unknown } = work.waiting;
  if (approval + question + unknown === 0) return '## Waiting for you\nNothing waits for you.';
  const lines = waiting.slice(0, waitingShown).map(({ headline, since, expiresAt }) => {
    const days = Math.floor((span.to.getTime() - since.getTime()) / dayMs);
    const left = Math.floor((expiresAt.getTime() - span.to.getTime()) / dayMs);
    return `${plain(headline)} (${days < 1 ? 'new' : counted(days, 'day', 'days')}${left < 2 ? ', expires soon' : ''})`;
  });
  const more = approval - lines.length;
  return list('Waiting for you', [
    ...lines,
    ...(more > 0 ? [`${more} more to approve`] : []),
    ...(question > 0 ? [`${counted(question, 'question', 'questions')} about work that nothing knows how to do`] : []),
    ...(unknown > 0 ? [`${counted(unknown, 'step', 'steps')} of which nobody can tell whether they happened`] : []),
  ]);
}

function money({ money: figures, locale }: BriefingFacts): string {
  if (figures === null) return '';
  const { flows, openInvoices, dueSoon, hints } = figures;
  const lines = flows.flatMap(({ currency, inMinor, outMinor, largest }) => [
    `Revenue ${amount(inMinor, currency, locale)}, spending ${amount(outMinor, currency, locale)}`,
    ...largest.slice(0, 3).map(({ name, outMinor: minor }) => `${amount(minor, currency, locale)} to ${plain(name)}`),
  ]);
  return list('Money', [
    ...(lines.length === 0 ? ['No transactions came in.'] : lines),
    ...(openInvoices > 0 ? [`${counted(openInvoices, 'invoice', 'invoices')} open, ${dueSoon} due this week`] : []),
    ...hints.slice(0, 5).map(plain),
  ]);
}

function workSection({ work, before }: BriefingFacts): string {
  const { approvals } = work;
  const answered = approvals.approved + approvals.rejected;
  return list('Work done', [
    `${counted(work.arrived, 'task', 'tasks')} arrived (${before.arrived} the week before)`,
    `${work.completed} completed (${before.completed})${duration(' in', work.medianSecondsToDone)}`,
    ...(work.refused + work.partly > 0 ? [`${work.refused} refused, ${work.partly} done in part`] : []),
    ...(work.failed > 0 ? [`${work.failed} failed (${before.failed})`] : []),
    ...(answered > 0
      ? [`${approvals.approved} approved and ${approvals.rejected} rejected${duration(', answered within', approvals.medianWaitSeconds)}`]
      : []),
  ]);
}

function bottlenecks({ slowestAnswers, failed }: WorkFigures): string {
  const slow = slowestAnswers.filter(({ medianSeconds }) => medianSeconds > 4 * 3_600);
  const lines = slow.map(({ tool, medianSeconds, count }) => `${tool}: answers took ${spell(medianSeconds)} (${count} asked)`);
  return lines.length === 0 && failed === 0
    ? ''
    : list('Bottlenecks', [...lines, ...(failed > 0 ? [`${counted(failed, 'task', 'tasks')} failed and can be resumed`] : [])]);
}

function suggestions({ work }: BriefingFacts): string[] {
  const routine = work.approvalsByTool.filter(({ approved, rejected, isRisky }) => approved >= routineCount && rejected === 0 && !isRisky);
  return [
    ...routine.map(
      ({ tool, approved }) =>
        `You approved ${tool} ${approved} times and never refused it. A standing permission would spare you the question.`,
    ),
    ...work.unplanned
      .filter(({ count }) => count >= 3)
      .map(({ source, kind, count }) => `${count} events of ${source}/${kind} found no playbook. One would let them be handled.`),
    ...(work.approvals.expired > 0
      ? [`${counted(work.approvals.expired, 'question', 'questions')} expired unanswered. Delegate while you are away.`]
      : []),
  ];
}

const list = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `## ${title}\n${lines.map((line) => `- ${line}`).join('\n')}`;
const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
const duration = (before: string, seconds: number | null): string => (seconds === null ? '' : `${before} ${spell(seconds)} (median)`);

function spell(seconds: number): string {
  if (seconds < 90) return counted(Math.round(seconds), 'second', 'seconds');
  if (seconds < 90 * 60) return counted(Math.round(seconds / 60), 'minute', 'minutes');
  if (seconds < 36 * 3_600) return counted(Math.round(seconds / 3_600), 'hour', 'hours');
  return counted(Math.round(seconds / 86_400), 'day', 'days');
}

function amount(minor: bigint, currency: string, locale: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  // A text keeps every digit, where a number would lose them beyond 2^53.
  const text = minor.toString().padStart(digits + 1, '0');
  const exact = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  return format.format(exact as Intl.StringNumericLiteral); // Digits with one point are such a literal.
}

/** Somebody else's words: on one line, not too many, and nothing in them is Markdown or a link. */
const plain = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, 200)
    .replaceAll(/[\\`*_{}[\]()#+!|<>~$^=:/@-]/g, '\\$&');
