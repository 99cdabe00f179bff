import { z } from 'zod';
import type { Tool } from '#flow/tool';

const input = z.strictObject({
  text: z.string().max(200_000),
  /** `name: word, other word`; the label whose words occur most wins. */
  labels: z.array(z.string().min(1).max(500)).min(1).max(50),
});
const output = z.object({ label: z.string().nullable(), hits: z.number(), words: z.array(z.string()) });

/** `text.classify`: which of the given labels fits a text, by its words; of equals the first. The same answer every time, and no model. */
export const textClassify: Tool<typeof input, typeof output> = {
  manifest: {
    tool: 'text.classify',
    title: 'Classify a text',
    effect: 'read',
    risk: 'low',
    args: {
      text: { role: 'content', slot: 'text', title: 'Text' },
      labels: { role: 'content', slot: 'text', title: 'Labels and their words' },
    },
    reversible: true,
    visibleOutside: false,
    readsPrivate: false,
    canLookup: false,
    timeoutMs: 5_000,
    headline: () => 'Classify the text',
    consequence: 'Nothing is changed.',
  },
  input,
  output,
  run: async (_context, { text, labels }) => ({ kind: 'done', result: classify(text, labels) }),
};

function classify(text: string, labels: readonly string[]): z.infer<typeof output> {
  const haystack = folded(text);
  let best: z.infer<typeof output> = { label: null, hits: 0, words: [] };
  for (const line of labels) {
    const colon = line.indexOf(':');
    const label = (colon < 0 ? line : line.slice(0, colon)).trim();
    const words = (colon < 0 ? line : line.slice(colon + 1)).split(',').map(folded).filter(Boolean);
    const found = words.filter((word) => wordPattern(word).test(haystack));
    if (found.length > best.hits) best = { label, hits: found.length, words: found };
  }
  return best;
}

const folded = (text: string): string => text.normalize('NFC').toLocaleLowerCase('en').replace(/\s+/g, ' ').trim();

/** Letters of a script that puts spaces between words: beside one of these a word goes on. */
const spaced = '[[\\p{L}\\p{N}]--[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}]]';

function wordPattern(word: string): RegExp {
  const literal = word.replace(/[\\^$.*+?()[\]{}|/\-&!#%,:;<=>@`~]/g, '\\$&');
  const [before, after] = [new RegExp(`^${spaced}`, 'v').test(word), new RegExp(`${spaced}$`, 'v').test(word)];
  return new RegExp(`${before ? `(?<!${spaced})` : ''}${literal}${after ? `(?!${spaced})` : ''}`, 'v');
}
