import type { z } from 'zod';
import type { Setting } from './form.ts';
import { networkSettings } from './network-settings.ts';
import { protectionSettings } from './protection-settings.ts';
import { workSettings } from './work-settings.ts';

/** Every setting there is. */
export const settings = { ...workSettings, ...networkSettings, ...protectionSettings } as const satisfies Record<string, Setting>;

type Settings = typeof settings;
export type Values = { readonly [K in keyof Settings]: z.output<Settings[K]['schema']> };

/**
 * Settings that may refer to a secret instead of holding it. `early`: needed before the database is open, so the secret cannot lie in it.
 */
export const referring: Readonly<Record<string, 'early' | 'late'>> = {
  FACTOTUM_DATABASE_URL: 'early',
  FACTOTUM_DATABASE_APP_URL: 'early',
  FACTOTUM_DATABASE_ENGINE_URL: 'early',
  FACTOTUM_DATABASE_SEQUENCER_URL: 'early',
  FACTOTUM_DATABASE_AUTH_URL: 'early',
  FACTOTUM_MAIL_URL: 'late',
  FACTOTUM_METRICS_TOKEN: 'late',
  FACTOTUM_MODEL_KEY: 'late',
  ANTHROPIC_API_KEY: 'late',
} satisfies Partial<Record<keyof Settings, 'early' | 'late'>>;

/** Settings that hold a secret, and so may refer to one; and which of them cannot refer to one of the database. */
export const secretSettings: ReadonlyMap<string, 'early' | 'late'> = new Map(Object.entries(referring));

/** Name, default, unit and meaning of every setting: `.env.example` and docs/settings.md are written from it. */
export const configTable: readonly { readonly name: string; readonly fallback: string; readonly unit: string; readonly about: string }[] =
  Object.entries(settings).map(([name, { fallback, unit, about }]) => ({ name, fallback, unit, about }));
