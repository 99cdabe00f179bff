import { z } from 'zod';
import { isTimeZone } from '#trust/tenant';
import type { NoticeKind } from './kinds.ts';
import { nextDigest, quietUntil } from './quiet.ts';

const timeSchema = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 07:30');
const riskSchema = z.enum(['low', 'medium', 'high']);
const channelsSchema = z.strictObject({
  page: z.boolean(),
  push: z.boolean(),
  mail: z.enum(['now', 'digest', 'never']),
});

/** What one person wants to be told of, where, and when. */
export const rulesSchema = z.strictObject({
  kinds: z.strictObject({
    approval: channelsSchema,
    delegated: channelsSchema,
    comment: channelsSchema,
    question: channelsSchema,
    unknown: channelsSchema,
    failed: channelsSchema,
    connection: channelsSchema,
    quota: channelsSchema,
  } satisfies Record<NoticeKind, unknown>),
  /** Approvals below this risk are shown on the page alone. */
  minimumRisk: riskSchema,
  /** Whether what leaves our pages says what it is about, and not only that there is something. */
  titles: z.strictObject({ push: z.boolean(), mail: z.boolean() }),
  /** Held back meanwhile: pushes and mails of the moment. A digest has a time of its own. */
  quiet: z.strictObject({ on: z.boolean(), from: timeSchema, to: timeSchema, weekends: z.boolean() }),
  digest: z.strictObject({ at: timeSchema, weekday: z.int().min(0).max(6).nullable() }),
  /** Whose clocks count. Null: the tenant's. */
  zone: z.string().max(100).refine(isTimeZone, 'must be an IANA time zone like Europe/Berlin').nullable(),
});
export type Rules = z.infer<typeof rulesSchema>;

const everywhere = { page: true, push: true, mail: 'digest' } as const;

/** What holds for somebody who has said nothing: pushes to browsers that they add, one mail a morning, quiet at night, no content outside. */
export const defaultRules: Rules = {
  kinds: {
    approval: everywhere,
    delegated: everywhere,
    comment: { page: true, push: true, mail: 'never' },
    question: everywhere,
    unknown: everywhere,
    failed: { page: true, push: false, mail: 'digest' },
    connection: { page: true, push: false, mail: 'digest' },
    quota: { page: true, push: false, mail: 'never' },
  },
  minimumRisk: 'low',
  titles: { push: false, mail: false },
  quiet: { on: true, from: '21:00', to: '07:00', weekends: false },
  digest: { at: '08:00', weekday: null },
  zone: null,
};

/** Where a notice goes, and when. */
export interface Plan {
  readonly onPage: boolean;
  readonly pushAt: Date | null;
  readonly mail: 'now' | 'digest' | null;
  readonly mailAt: Date | null;
}

/** @param zone - whose clocks count where the rules name none */
export function planFor(
  rules: Rules,
  { kind, risk }: { kind: NoticeKind; risk: string | null },
  { now, zone }: { now: Date; zone: string },
): Plan {
  const { page, push, mail } = rules.kinds[kind];
  const isLoud = risk === null || rankOf(risk) >= rankOf(rules.minimumRisk);
  const soon = quietUntil(now, rules.quiet, rules.zone ?? zone) ?? now;
  const wanted = mail === 'never' || !isLoud ? null : mail;
  return {
    onPage: page,
    pushAt: push && isLoud ? soon : null,
    mail: wanted,
    mailAt: wanted === null ? null : wanted === 'now' ? soon : nextDigest(now, rules.digest, rules.zone ?? zone),
  };
}

/** Unknown risks are high ones. */
const rankOf = (risk: string): number => {
  const ranks: readonly string[] = riskSchema.options;
  return ranks.includes(risk) ? ranks.indexOf(risk) : ranks.length;
};
