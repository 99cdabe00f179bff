import { isFactotumError, type Json } from '#kernel';
import { isCurrency, normaliseAddress, normaliseIban } from '#trust/policy';
import { normalisePath } from '#trust/vault';
import type { Slot } from './manifest.ts';

/** What is wrong with the value, to be read after the argument's title, or null when it has the slot's form. */
export function slotFault(slot: Slot, value: Json): string | null {
  if (value === null) return null;
  return checks[slot](value);
}

/** Amounts are integers in the currency's smallest unit, alone or with their currency: a fraction of a cent is never meant. */
const checks: Readonly<Record<Slot, (value: Json) => string | null>> = {
  text: (value) => (typeof value === 'object' && !listOf(value, isScalar) ? 'is not a text' : null),
  path: (value) => (typeof value === 'string' && isPath(value) ? null : 'is not a path inside the vault'),
  address: (value) => (isAddress(value) ? null : 'is not a bare mail address'),
  addresses: (value) => (listOf(value, isAddress) ? null : 'is not a list of bare mail addresses'),
  iban: (value) => (typeof value === 'string' && normaliseIban(value) !== null ? null : 'is not a valid IBAN'),
  bic: (value) => (matches(value, /^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$/) ? null : 'is not a BIC'),
  amount: (value) => (amountMinorOf(value) === null ? 'is not a positive whole number of the smallest unit' : null),
  currency: (value) => (typeof value === 'string' && isCurrency(value) ? null : 'is not an ISO 4217 currency'),
  date: (value) => (isDate(value) ? null : 'is not a date like 2026-03-31'),
  /** A date alone is the whole day. */
  datetime: (value) => (isDate(value) || isDateTime(value) ? null : 'is not a time like 2026-03-31T14:00:00+02:00'),
  name: (value) => (isName(value) ? null : 'is not a name: one line of at most 200 characters, nothing hidden in it'),
  id: (value) => (matches(value, /^[\x21-\x7e]{1,200}$/) || Number.isSafeInteger(value) ? null : 'is not an id'),
  labels: (value) => (listOf(value, isName) ? null : 'is not a list of labels'),
  json: () => null,
};

/** The amount in the smallest unit, or null. */
export function amountMinorOf(value: Json): number | null {
  const minor = typeof value === 'object' && value !== null && 'amountMinor' in value ? value.amountMinor : value;
  return typeof minor === 'number' && Number.isSafeInteger(minor) && minor > 0 ? minor : null;
}

const listMax = 1000;
const listOf = (value: Json, isItem: (item: Json) => boolean): boolean => isList(value) && value.length <= listMax && value.every(isItem);
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isScalar = (value: Json): boolean => typeof value !== 'object';
const matches = (value: Json, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value);
const isAddress = (value: Json): boolean => typeof value === 'string' && value === value.trim() && normaliseAddress(value) !== null;

/** Controls, direction marks and invisible characters (Unicode categories Cc, Cf, Zl, Zp) make a name look like another. */
const isName = (value: Json): boolean =>
  typeof value === 'string' &&
  value.trim() !== '' &&
  value.length <= 200 &&
  value.isWellFormed() &&
  !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value);

/** The 31st of February parses in ECMAScript as the 3rd of March, so the parts are compared again. */
const isInstant = (text: string): boolean => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text.slice(0, 10));

const isDate = (value: Json): boolean => matches(value, /^\d{4}-\d{2}-\d{2}$/) && isInstant(`${value}T00:00:00Z`);

function isDateTime(value: Json): boolean {
  if (typeof value !== 'string') return false;
  const [, date, time] = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(?:Z|[+-]\d{2}:\d{2})?$/.exec(value) ?? [];
  return date !== undefined && isInstant(`${date}T00:00:00Z`) && isInstant(`${date}T${time}Z`) && !Number.isNaN(Date.parse(value));
}

function isPath(text: string): boolean {
  try {
    normalisePath(text);
    return true;
  } catch (error) {
    if (isFactotumError(error, 'vault.path_invalid')) return false;
    throw error;
  }
}
