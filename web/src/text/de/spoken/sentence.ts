import { amountIn } from '@factotum/translation/de';
import { text } from '../work.ts';

const { locale } = text;

/**
 * Sentences of the server with places for what differs, and what they are in German, where `{1}` is the first place. A place is
 * `{amount}`, `{day}` and `{number}`, which are written as Germans write them, or `{text}`, which stays.
 */
type Sentences = Readonly<Record<string, string>>;

/** No sentence of ours is longer; what is, is not looked through. */
const charsMax = 3_000;

const places: Readonly<Record<string, readonly [pattern: string, write: (found: string) => string]>> = {
  amount: [String.raw`-?\d[\d.,]* [A-Z]{3}`, (found) => amountIn(locale, found)],
  day: [String.raw`\d{4}-\d\d-\d\d`, (found) => found.split('-').toReversed().join('.')],
  number: [String.raw`\d+(?:\.\d+)?`, (found) => found.replace('.', ',')],
  text: [String.raw`[\s\S]*?`, (found) => found],
};

/**
 * Makes what says such sentences in German.
 *
 * @returns null for a text that is none of them: then what the server said stays.
 */
export function sayer(sentences: Sentences): (english: string) => string | null {
  const compiled = Object.entries(sentences).map(([english, german]) => ({ ...compile(english), german }));
  return (english) => {
    if (english.length > charsMax) return null;
    for (const { pattern, writers, german } of compiled) {
      const found = pattern.exec(english)?.slice(1);
      if (found !== undefined) return german.replace(/\{(\d)\}/g, (_, at) => writers[Number(at) - 1]?.(found[Number(at) - 1] ?? '') ?? '');
    }
    return null;
  };
}

function compile(english: string): { readonly pattern: RegExp; readonly writers: readonly ((found: string) => string)[] } {
  const writers: ((found: string) => string)[] = [];
  const source = english.split(/\{(\w+)\}/).map((part, at) => {
    const place = at % 2 === 1 ? places[part] : undefined;
    if (place === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    writers.push(place[1]);
    return `(${place[0]})`;
  });
  return { pattern: new RegExp(`^${source.join('')}$`), writers };
}
