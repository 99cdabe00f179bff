import type { Letter } from '#kernel/mail';
import { numberIn, wordsIn } from '#kernel/words';
import type { QuotaName } from './quotas.ts';
import { amountOf } from './refusal.ts';

/** The mail that tells an owner how full a quota is. Numbers only: what is done with them is nobody's business on the way. */
export function alertLetter(alert: {
  readonly tenantName: string;
  readonly name: QuotaName;
  readonly level: number;
  readonly used: number;
  readonly allowed: number;
  /** Of whoever is told. */
  readonly locale: string;
}): Omit<Letter, 'to'> {
  const { tenantName, name, level, used, allowed, locale } = alert;
  const words = wordsIn(locale).quotas;
  const { title, about } = words.of[name];
  const state = level >= 100 ? words.usedUp : words.usedPart(`${numberIn(locale, level)} %`);
  const lead = words.lead(tenantName, title, state, amountOf(name, used, locale), amountOf(name, allowed, locale));
  return { subject: words.subject(tenantName, title, state), text: [lead, about, words.where].join('\n\n') };
}
