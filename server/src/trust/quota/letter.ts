import type { Letter } from '#kernel/mail';
import { type Quota, type QuotaName, quotas } from './quotas.ts';
import { amountOf } from './refusal.ts';

/** The mail that tells an owner how full a quota is. Numbers only: what is done with them is nobody's business on the way. */
export function alertLetter(alert: {
  readonly tenantName: string;
  readonly name: QuotaName;
  readonly level: number;
  readonly used: number;
  readonly allowed: number;
}): Omit<Letter, 'to'> {
  const { tenantName, name, level, used, allowed } = alert;
  const quota: Quota = quotas[name];
  const state = level >= 100 ? 'used up' : `${level} % used`;
  return {
    subject: `Factotum, ${tenantName}: ${quota.title}, ${state}`,
    text: [
      `${quota.title} of ${tenantName}: ${state}, ${amountOf(name, used)} of ${amountOf(name, allowed)}.`,
      quota.about,
      'Usage and limits are on the page "Usage". Whoever runs this installation can change the limits.',
    ].join('\n\n'),
  };
}
