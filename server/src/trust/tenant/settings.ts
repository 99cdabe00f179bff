import { z } from 'zod';

/** What can be set for a tenant. Numbers, switches and names of options only: it is stored in clear. */
export const tenantSettingsSchema = z.object({
  /** Tasks that run at once. Waiting ones do not count. */
  maxRunning: z.int().min(1).max(1_000).default(20),
  /** Events taken in per minute; above, the sender is asked to come back. A hundred a second is more than any mailbox brings. */
  eventsPerMinute: z.int().min(1).max(1_000_000).default(6_000),
  /** Whether mail and payment files are also written as plain files into the outbox folder. */
  writesFiles: z.boolean().default(false),
  /** How long a person has to decide, in hours: after a day the facts behind a question have often changed. */
  approvalTtlHours: z
    .int()
    .min(1)
    .max(24 * 90)
    .default(24),
  /** IANA name: what "today" and "9:00" mean. */
  timeZone: z.string().max(100).refine(isTimeZone, 'must be an IANA time zone like Europe/Berlin').default('UTC'),
  /** BCP 47 tag: how amounts and dates are written. */
  locale: z.string().max(100).refine(isLocale, 'must be a language tag like en or de-AT').default('en'),
  /** Whether the model key of the installation may be spent for this tenant. Only an operator sets it. */
  maySpendOperatorModelKey: z.boolean().default(false),
});
export type TenantSettings = z.infer<typeof tenantSettingsSchema>;

/** 2 to 40 of a-z, 0-9 and hyphen, starting with a letter or digit: it names the tenant's folders. */
export const tenantNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,39}$/, 'must be 2 to 40 small letters, digits or hyphens, not starting with a hyphen');

/** Asking Intl takes half a millisecond, and settings are read again every few seconds; there are about 600 names. */
const knownTimeZones = new Set(['UTC']);

function isTimeZone(name: string): boolean {
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
