import type { ConnectorContext } from '@factotum/connector-sdk';
import { z } from 'zod';
import { ianaZone } from '#flow/agenda';
import { normaliseAddress } from '#trust/policy';

const line = z
  .string()
  .max(300)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line');
const dayTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 09:00');

/** What a person enters for a calendar account. */
export const caldavSettingsSchema = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .max(1_000)
    .meta({ title: 'Address', description: 'Of the server, the account or one calendar, like https://dav.example.com' }),
  user: line.default('').meta({ title: 'User name', description: 'Left out with an access token' }),
  address: z
    .string()
    .max(254)
    .refine((text) => normaliseAddress(text) !== null && text === text.trim(), 'must be a bare mail address')
    .optional()
    .meta({ title: 'Mail address', description: 'By which this person is invited. Left out: what the server says, or the user name' }),
  calendars: z
    .array(line.min(1))
    .max(50)
    .optional()
    .meta({ title: 'Calendars', description: 'By name. Left out: all; the first is written into' }),
  pastDays: z.int().min(0).max(3_650).default(30).meta({ title: 'Days back', description: 'That are read at first' }),
  futureDays: z
    .int()
    .min(1)
    .max(1_825)
    .default(365)
    .meta({ title: 'Days ahead', description: 'That are read, and whose changes become tasks' }),
  reminders: z
    .boolean()
    .default(false)
    .meta({ title: 'Reminders', description: 'Alarms that people have set become tasks when they are due' }),
  timeZone: z
    .string()
    .max(100)
    .refine((name) => ianaZone(name) !== null, 'must be an IANA time zone like Europe/Berlin')
    .optional()
    .meta({ title: 'Time zone', description: 'Of this person. Left out: the one of the company' }),
  workDays: z
    .array(z.int().min(1).max(7))
    .max(7)
    .optional()
    .meta({ title: 'Working days', description: '1 is Monday. Left out: those of the company' }),
  workFrom: dayTime.optional().meta({ title: 'Work begins' }),
  workTo: dayTime.optional().meta({ title: 'Work ends' }),
});
export type CaldavSettings = z.infer<typeof caldavSettingsSchema>;
export type CaldavContext = ConnectorContext<CaldavSettings>;

/** The settings by which tools open an account. */
export const caldavKind = { kind: 'caldav', settings: caldavSettingsSchema } as const;
