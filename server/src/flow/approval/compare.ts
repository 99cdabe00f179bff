import { type FindableSlot, isSameValue, type PlacedText, type PlacedValue, placedText } from '#flow/plan';
import { type ArgManifest, amountMinorOf, type ToolManifest } from '#flow/tool';
import type { Json, JsonObject } from '#kernel';
import { formatMinor } from '#trust/policy';
import { partName } from './fields.ts';

/** What arrived, as the task keeps it. */
export interface Source {
  /** `mail`, `drop` and the like. */
  readonly kind: string;
  readonly id: string;
  readonly payload: JsonObject;
  /** How the tenant reads dates. */
  readonly timeZone: string;
  readonly locale: string;
}

/** One field of what would be done, beside what the source says about it. */
export interface Comparison {
  readonly field: string;
  readonly source: { readonly kind: string; readonly id: string; readonly path: string | null; readonly text: string | null };
  /** What the source says where that is something else, and otherwise what would be done: for people. */
  readonly value: string;
  /** `different`: the source names something of this kind, and not this. `absent`: it names nothing of this kind. */
  readonly relation: 'same' | 'different' | 'absent';
}

const findable: ReadonlySet<string> = new Set<FindableSlot>(['amount', 'iban', 'date', 'datetime', 'address']);
const isFindable = (slot: string): slot is FindableSlot => findable.has(slot);
const worded: ReadonlySet<string> = new Set(['name', 'id']);
const fieldsMax = 200;

/**
 * Holds what would be done against what arrived, field by field. By our code from the bytes that were kept, whatever anybody says about
 * them: amounts, accounts, dates and addresses by what they mean, names and numbers by their letters. Fields of another kind are left out.
 */
export function compareWithSource(
  manifest: Pick<ToolManifest, 'args' | 'parts'> | undefined,
  args: Readonly<Record<string, Json | undefined>>,
  source: Source,
): Comparison[] {
  if (manifest === undefined) return [];
  const { parts } = manifest;
  const read = { ...source, text: placedText(source.payload, source) };
  const own = compareArgs(manifest.args, args, { source: read, name: (field) => field });
  if (parts === undefined) return own;
  const listed = parts.read(args[parts.arg] ?? null).slice(0, fieldsMax);
  const each = listed.flatMap((part, at) => {
    if (part === null) return [];
    const shared = Object.fromEntries(Object.entries(parts.shared).map(([there, here]) => [there, args[here]]));
    const given = Object.fromEntries(Object.entries(parts.manifest.args).filter(([field]) => Object.hasOwn(part, field)));
    return compareArgs(given, { ...shared, ...part }, { source: read, name: () => partName(parts.arg, at) });
  });
  return [...own, ...each].slice(0, fieldsMax);
}

interface ReadSource extends Source {
  readonly text: PlacedText;
}

function compareArgs(
  manifest: Readonly<Record<string, ArgManifest>>,
  args: Readonly<Record<string, Json | undefined>>,
  { source, name }: { source: ReadSource; name: (field: string) => string },
): Comparison[] {
  return Object.entries(manifest).flatMap(([field, { slot }]) => {
    const given = args[field];
    if (given === undefined || given === null) return [];
    const values = slot === 'addresses' && Array.isArray(given) ? given : [given];
    const kind = slot === 'addresses' ? 'address' : slot;
    return values
      .map((value: Json) => compareValue(kind, kind === 'amount' ? amountOf(value, args) : value, source))
      .flatMap((compared) => (compared === null ? [] : [{ field: name(field), ...compared }]));
  });
}

function compareValue(slot: string, value: Json, source: ReadSource): Omit<Comparison, 'field'> | null {
  const at = (place: PlacedValue | null) => ({ kind: source.kind, id: source.id, path: place?.path ?? null, text: place?.line ?? null });
  if (worded.has(slot)) {
    const place = source.text.words(String(value));
    return { source: at(place), value: String(value), relation: place === null ? 'absent' : 'same' };
  }
  if (!isFindable(slot)) return null;
  // A day without a time of day is compared as a day.
  const kind = slot === 'datetime' && typeof value === 'string' && !value.includes('T') ? 'date' : slot;
  const places = source.text.values(kind);
  const same = places.find((place) => isSameValue(kind, place.value, value));
  if (same !== undefined) return { source: at(same), value: shown(value), relation: 'same' };
  const other = kind === 'amount' ? largest(places) : (places[0] ?? null);
  return { source: at(other), value: shown(other?.value ?? value), relation: other === null ? 'absent' : 'different' };
}

/** Of several amounts the total is the largest. */
const largest = (places: readonly PlacedValue[]): PlacedValue | null =>
  places.reduce<PlacedValue | null>(
    (most, place) => (most === null || (amountMinorOf(place.value) ?? 0) > (amountMinorOf(most.value) ?? 0) ? place : most),
    null,
  );

/** An amount in the form in which amounts are found; the currency may stand in an argument of its own. */
function amountOf(value: Json, { currency }: Readonly<Record<string, Json | undefined>>): Json {
  const amountMinor = amountMinorOf(value);
  const beside = typeof value === 'object' && value !== null && 'currency' in value ? value.currency : currency;
  return amountMinor === null || typeof beside !== 'string' ? value : { amountMinor, currency: beside };
}

function shown(value: Json): string {
  const minor = amountMinorOf(value);
  if (minor !== null && typeof value === 'object' && value !== null && 'currency' in value && typeof value.currency === 'string')
    return formatMinor(minor, value.currency);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
