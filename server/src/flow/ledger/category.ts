import { formatMinor } from '#trust/policy';
import type { Rule } from './schema.ts';
import { compact, wordsOf } from './words.ts';

/** What categories are given by. */
export interface Describable {
  readonly amountMinor: number;
  readonly currency: string;
  readonly counterparty: { readonly name: string | null; readonly iban: string | null };
  readonly text: string;
}

/** The first rule that fits, with its place. */
export function ruleFor(rules: readonly Rule[], transaction: Describable): { readonly rule: Rule; readonly at: number } | null {
  const at = rules.findIndex((rule) => fits(rule, transaction));
  const rule = rules[at];
  return rule === undefined ? null : { rule, at };
}

function fits(rule: Rule, { amountMinor, currency, counterparty, text }: Describable): boolean {
  const size = Math.abs(amountMinor);
  return (
    (rule.direction === undefined || (rule.direction === 'in') === amountMinor > 0) &&
    (rule.currency === undefined || rule.currency === currency) &&
    (rule.minMinor === undefined || size >= rule.minMinor) &&
    (rule.maxMinor === undefined || size <= rule.maxMinor) &&
    (rule.iban === undefined || (counterparty.iban !== null && compact(rule.iban) === compact(counterparty.iban))) &&
    (rule.counterparty === undefined || hasWords(counterparty.name ?? '', rule.counterparty)) &&
    (rule.text === undefined || hasWords(text, rule.text))
  );
}

/** Whether all the words stand in the text one after the other. */
const hasWords = (text: string, wanted: string): boolean => ` ${wordsOf(text).join(' ')} `.includes(` ${wordsOf(wanted).join(' ')} `);

export const ruleText = (rule: Rule, at: number): string => {
  const parts = [
    rule.counterparty === undefined ? null : `the name has "${rule.counterparty}"`,
    rule.iban === undefined ? null : `the account is ${rule.iban}`,
    rule.text === undefined ? null : `the text has "${rule.text}"`,
    rule.direction === undefined ? null : rule.direction === 'in' ? 'money comes in' : 'money goes out',
    rule.minMinor === undefined ? null : `from ${formatMinor(rule.minMinor, rule.currency ?? 'EUR')}`,
    rule.maxMinor === undefined ? null : `up to ${formatMinor(rule.maxMinor, rule.currency ?? 'EUR')}`,
  ].filter((part) => part !== null);
  return `Rule ${at + 1}: ${parts.length === 0 ? `the currency is ${rule.currency}` : parts.join(', ')}.`;
};

/** A transaction that a person has given a category. */
export interface Example extends Describable {
  readonly category: string;
  readonly transactionId: string;
}

export interface Learned {
  readonly category: string;
  /** 0 to 1: how much more likely than everything else. */
  readonly confidence: number;
  readonly why: string;
}

/** Learned from what a person has corrected. Made anew from the examples each time, so it says the same for the same examples. */
export interface Learner {
  guess(transaction: Describable): Learned | null;
}

/** Below this a guess is not told at all. */
const confidenceMin = 0.8;
/** Words of each kind are counted apart: a name in the text is less than a name in its place. */
const featuresOf = ({ amountMinor, counterparty, text }: Describable): Set<string> =>
  new Set([
    amountMinor > 0 ? 'in' : 'out',
    ...(counterparty.iban === null ? [] : [`iban ${compact(counterparty.iban)}`]),
    ...wordsOf(counterparty.name ?? '').map((word) => `name ${word}`),
    // Numbers of invoices and days are new each time.
    ...wordsOf(text)
      .filter((word) => word.length > 2 && !/\d/.test(word))
      .map((word) => `text ${word}`),
  ]);

/**
 * Naive Bayes over the words of the examples, with Laplace's correction. A guess needs something that was seen with its category before,
 * besides which way the money goes, and is never made where two categories are about equally likely.
 */
export function createLearner(examples: readonly Example[]): Learner {
  // In an order of their own, so that sums come out the same whatever order the database gives.
  const sorted = [...examples].sort((one, other) => (one.transactionId < other.transactionId ? -1 : 1));
  const documents = sorted.map((example) => ({ example, features: featuresOf(example) }));
  const categories = [...new Set(sorted.map(({ category }) => category))].sort();
  const counts = new Map(categories.map((category) => [category, { documents: 0, features: new Map<string, number>() }]));
  for (const { example, features } of documents) {
    const count = counts.get(example.category);
    if (count === undefined) continue;
    count.documents += 1;
    for (const feature of features) count.features.set(feature, (count.features.get(feature) ?? 0) + 1);
  }
  const known = new Set(documents.flatMap(({ features }) => [...features]));

  return {
    guess(transaction) {
      const features = [...featuresOf(transaction)].filter((feature) => known.has(feature)).sort();
      const telling = features.filter((feature) => feature !== 'in' && feature !== 'out');
      if (telling.length === 0) return null;
      const scores = categories.map((category) => {
        const count = counts.get(category) ?? { documents: 0, features: new Map<string, number>() };
        const weights = features.map((feature) => Math.log(((count.features.get(feature) ?? 0) + 0.1) / (count.documents + 0.2)));
        return {
          category,
          log: Math.log((count.documents + 1) / (sorted.length + categories.length)) + weights.reduce((sum, one) => sum + one, 0),
        };
      });
      const best = scores.reduce((one, other) => (other.log > one.log ? other : one));
      const seen = telling.filter((feature) => counts.get(best.category)?.features.has(feature));
      if (seen.length === 0) return null;
      const confidence = 1 / scores.reduce((sum, { log }) => sum + Math.exp(log - best.log), 0);
      // With one category alone everything would be it; then only what the counterparty is may tell.
      if (categories.length === 1 && !seen.some((feature) => feature.startsWith('iban ') || feature.startsWith('name '))) return null;
      if (confidence < confidenceMin) return null;
      return { category: best.category, confidence, why: whyOf(best.category, seen, documents) };
    },
  };
}

function whyOf(
  category: string,
  seen: readonly string[],
  documents: readonly { example: Example; features: ReadonlySet<string> }[],
): string {
  const nearest = documents
    .filter(({ example }) => example.category === category)
    .map(({ example, features }) => ({ example, shared: seen.filter((feature) => features.has(feature)).length }))
    .reduce((one, other) => (other.shared > one.shared ? other : one));
  const words = seen.slice(0, 5).map((feature) => `"${feature.slice(feature.indexOf(' ') + 1)}"`);
  const like = nearest.example.counterparty.name ?? nearest.example.text.slice(0, 60);
  return `Like ${like === '' ? 'a transaction' : `"${like}"`}, which a person called ${category}: ${words.join(', ')}.`;
}
