import { z } from 'zod';
import { thresholdsSchema } from '#trust/policy';

const dayTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 09:00');

/** In whole minutes, seconds and minor units, so that figures are exact. */
const assumptionsSchema = z.strictObject({
  /** ISO 4217: what the wage is in, and what money is shown in. */
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be a currency like EUR'),
  /** What an hour of a person costs, in minor units. */
  wageMinor: z.int().min(0).max(100_000_000),
  /** What a US dollar is worth, in millionths of the currency: models are paid in dollars. */
  usdRateMicros: z.int().min(1).max(1_000_000_000_000),
  /** How long a person needs for a task that no line below names. */
  minutesPerTask: z.int().min(0).max(10_000),
  /** The same for tasks of a playbook, by its name. */
  minutesByPlaybook: z
    .record(z.string().min(1).max(300), z.int().min(0).max(10_000))
    .refine((minutes) => Object.keys(minutes).length <= 100, 'must name at most 100 playbooks'),
  /** How long a person needs to answer a question. */
  secondsPerAnswer: z.int().min(0).max(3_600),
  /** Whether people are asked once a quarter how the work is going. */
  survey: z.boolean(),
});

/** What a tenant's own people set. Numbers, switches and names of options only: it is stored in clear. */
const own = {
  /** Whether mail and payment files are also written as plain files into the outbox folder. */
  writesFiles: z.boolean(),
  /** How long a person has to decide, in hours. */
  approvalTtlHours: z
    .int()
    .min(1)
    .max(24 * 90),
  /** What runs without a person, as the form for policies put it last. */
  thresholds: thresholdsSchema,
  /** IANA name: what "today" and "9:00" mean. */
  timeZone: z.string().max(100).refine(isTimeZone, 'must be an IANA time zone like Europe/Berlin'),
  /** BCP 47 tag: how amounts and dates are written. */
  locale: z.string().max(100).refine(isLocale, 'must be a language tag like en or de-AT'),
  /** When people are there, in the tenant's time zone; null: always. ISO 8601 days, 1 is Monday. */
  workingHours: z
    .strictObject({ days: z.array(z.int().min(1).max(7)).min(1).max(7), from: dayTime, to: dayTime })
    .refine(({ from, to }) => from < to, 'must begin before they end')
    .nullable(),
  /** Who plans what no playbook knows: the model, or nobody, so that it waits for a person. */
  planner: z.enum(['model', 'playbooks']),
  /** The one model that may plan for this tenant; null: whichever the installation has. With another one set up there, nobody plans. */
  model: z.string().min(1).max(200).nullable(),
  /** For how many days finished work is to be kept; null: until somebody deletes it. */
  retentionDays: z.int().min(1).max(36_500).nullable(),
  /** The question of the set-up that comes next; done: nobody is asked any more. */
  setup: z.enum(['about', 'mail', 'model', 'people', 'done']),
  /** What figures of hours saved and of cost against people rest on. */
  analytics: assumptionsSchema,
  /** Who guards the tenant's keys. */
  custody: z.literal(
    'installation',
    "must be installation; keys are guarded by the tenant's own key service after PUT /api/v1/encryption/provider",
  ),
};

/** What is set for a tenant. */
export const tenantSettingsSchema = z.object({
  writesFiles: own.writesFiles.default(false),
  // After a day the facts behind a question have often changed.
  approvalTtlHours: own.approvalTtlHours.default(24),
  thresholds: own.thresholds.prefault({}),
  timeZone: own.timeZone.default('UTC'),
  locale: own.locale.default('en'),
  workingHours: own.workingHours.default(null),
  planner: own.planner.default('model'),
  model: own.model.default(null),
  retentionDays: own.retentionDays.default(null),
  setup: own.setup.default('done'),
  // Ten minutes and thirty dollars are nobody's: they stand where people see and change them.
  analytics: own.analytics.default({
    ...{ currency: 'USD', wageMinor: 3_000, usdRateMicros: 1_000_000, minutesPerTask: 10, minutesByPlaybook: {}, secondsPerAnswer: 60 },
    survey: true,
  }),
  custody: own.custody.default('installation'),
  /** Whether the model key of the installation may be spent for this tenant. Only an operator sets it, as it costs them money. */
  maySpendOperatorModelKey: z.boolean().default(false),
});
export type TenantSettings = z.infer<typeof tenantSettingsSchema>;

/** What a tenant's own people see and change. Limits are the operator's, and stand elsewhere (`#trust/quota`). */
export const ownSettingsSchema = z.object(own);

/** 2 to 40 of a-z, 0-9 and hyphen, starting with a letter or digit: it names the tenant's folders and never changes. */
export const tenantNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,39}$/, 'must be 2 to 40 small letters, digits or hyphens, not starting with a hyphen');

/** What people see instead of the name. */
export const tenantTitleSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must be one line of text');

/** Asking Intl takes half a millisecond, and settings are read again every few seconds; there are about 600 names. */
const knownTimeZones = new Set(['UTC']);

/** Whether it is an IANA time zone, whose clocks may change. */
export function isTimeZone(name: string): boolean {
  if (knownTimeZones.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    // Node takes offsets like +01:00 as well; they know no summer time.
    if (/^[A-Za-z]/.test(name)) knownTimeZones.add(name);
    return knownTimeZones.has(name);
  } catch {
    return false;
  }
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
