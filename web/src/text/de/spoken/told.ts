import { type Args, headline } from '@factotum/translation/de';
import { text } from '../work.ts';
import { policies, said } from './reasons.ts';
import { sayer } from './sentence.ts';

/** The line about a call of a tool, and what it is made of. */
interface Call {
  readonly tool: string;
  readonly headline: string;
  readonly shown: Readonly<Record<string, unknown>>;
}

/** The line about a call in German, null where there are no words for it. */
export function lineOf({ tool, shown }: Pick<Call, 'tool' | 'shown'>): string | null {
  const args: Args = (name) => (typeof shown[name] === 'string' ? shown[name] : '');
  return Object.keys(shown).length === 0 ? null : headline(text.locale, tool, args);
}

/** What became of a task, and what somebody is asked about it. */
const sentences = sayer({
  'Nothing had to be done.': 'Es war nichts zu tun.',
  'Cancelled before anything was done.': 'Abgebrochen, bevor etwas getan war.',
  'Cancelled. One step had been done already.': 'Abgebrochen. Ein Schritt war schon getan.',
  'Cancelled. {number} steps had been done already.': 'Abgebrochen. {1} Schritte waren schon getan.',
  'The model could not be reached for a long time. Should it be tried again?':
    'Das Modell war lange nicht zu erreichen. Soll es noch einmal versucht werden?',
});

/** Frames around what others wrote or lines about calls say; `{1}` and `{2}` are those. */
const frames: readonly (readonly [english: RegExp, german: (lines: (found: string) => string, found: readonly string[]) => string])[] = [
  [/^Refused: ([\s\S]*)$/, (lines, [what = '']) => `Abgelehnt: ${lines(what)}`],
  [/^([\s\S]*?)\. Refused: ([\s\S]*)$/, (lines, [done = '', what = '']) => `${lines(done)}. Abgelehnt: ${lines(what)}`],
  [
    /^Nobody can tell whether this happened: ([\s\S]*?)\. Please look, then say so here\.$/,
    (lines, [what = '']) => `Niemand kann sagen, ob es geschehen ist: ${lines(what)}. Bitte sehen Sie nach, und sagen Sie es hier.`,
  ],
  [/^Taken back: ([\s\S]*)\.$/, (lines, [what = '']) => `Zurückgenommen: ${lines(what)}.`],
];

/** What a task says of itself in German; what is not of ours in it stays. */
export function toldOf(english: string, calls: readonly Call[]): string {
  const line = (one: string): string => {
    const call = calls.find((known) => known.headline === one);
    const policy = policies[one.replace(/\.$/, '')];
    return (call === undefined ? null : lineOf(call)) ?? said(one) ?? (policy === undefined ? one : `${policy}.`);
  };
  const lines = (found: string): string =>
    calls.some((call) => call.headline === found) ? line(found) : found.split('; ').map(line).join('; ');
  const whole = line(english);
  if (whole !== english) return whole;
  for (const [pattern, german] of frames) {
    const found = pattern.exec(english);
    if (found !== null) return german(lines, found.slice(1));
  }
  return sentences(english) ?? english;
}
