import type { ArgManifest, ToolManifest } from '#flow/tool';
import type { Json } from '#kernel';
import { formatMinor, type Label } from '#trust/policy';

/** One argument as a person sees it, drawn by us from the typed value. */
export interface Field {
  readonly name: string;
  readonly title: string;
  readonly role: ArgManifest['role'];
  readonly value: Json;
  readonly display: string;
  readonly integrity: Label['integrity'];
  readonly origins: readonly { readonly kind: string; readonly text: string }[];
  /** What the eye would miss: look-alike letters, hidden or direction marks. */
  readonly warnings: readonly string[];
  /** What the tenant's own directory says about it, or null: a reason for trust beside the reasons for doubt. */
  readonly known: string | null;
  /** Of a field that is one of several calls: what `display` is made of, in its order. */
  readonly members?: readonly { readonly name: string; readonly display: string }[];
}

/**
 * Draws the arguments of a call field by field, in the order of the manifest, each with where its value came from. Where one of them
 * lists several calls, each of these is a field.
 */
export function presentFields(
  manifest: Pick<ToolManifest, 'args' | 'parts'> | undefined,
  args: Readonly<Record<string, Json | undefined>>,
  labels: Readonly<Record<string, Label | undefined>>,
  directory: Readonly<Record<string, string | undefined>> = {},
): Field[] {
  const parts = manifest?.parts;
  return drawn(manifest?.args ?? {}, args, labels, directory).flatMap((field) => {
    if (parts === undefined || field.name !== parts.arg) return [field];
    const read = parts.read(field.value);
    return read.length === 0
      ? [field]
      : read.map((own, at): Field => {
          const name = partName(parts.arg, at);
          const shared = Object.entries(parts.shared).map(([there, here]) => [there, args[here]]);
          const members = own === null ? [] : drawn(parts.manifest.args, { ...Object.fromEntries(shared), ...own }, {}, {});
          const shown = members.filter((member) => own !== null && Object.hasOwn(own, member.name));
          const [value] = Array.isArray(field.value) ? field.value.slice(at) : [];
          return {
            ...field,
            name,
            title: `${parts.title} ${at + 1}`,
            value: value ?? null,
            // What cannot be read is shown as it stands there.
            display: own === null ? display(value ?? null, undefined, args) : shown.map((member) => member.display).join(' \u00b7 '),
            warnings: [
              ...new Set([
                ...textsOf(value ?? null).flatMap((text) => warnings(text, undefined)),
                ...shown.flatMap((member) => member.warnings),
              ]),
            ],
            known: directory[name] ?? null,
            ...(own === null ? {} : { members: shown.map((member) => ({ name: member.name, display: member.display })) }),
          };
        });
  });
}

/** How a field is called that is one of several parts of an argument. */
export const partName = (arg: string, at: number): string => `${arg}[${at + 1}]`;

function drawn(
  manifestArgs: Readonly<Record<string, ArgManifest>>,
  args: Readonly<Record<string, Json | undefined>>,
  labels: Readonly<Record<string, Label | undefined>>,
  directory: Readonly<Record<string, string | undefined>>,
): Field[] {
  const listed = Object.keys(manifestArgs).filter((name) => args[name] !== undefined);
  const others = Object.keys(args).filter((name) => !(name in manifestArgs));
  return [...listed, ...others].map((name) => {
    const manifest = manifestArgs[name];
    const value = args[name] ?? null;
    const label = labels[name];
    return {
      name,
      title: manifest?.title ?? name,
      role: manifest?.role ?? 'steering',
      value,
      display: display(value, manifest?.slot, args),
      integrity: label?.integrity ?? 'untrusted',
      origins: presentOrigins(label),
      warnings: [...new Set(textsOf(value).flatMap((text) => warnings(text, manifest?.slot)))],
      known: directory[name] ?? null,
    };
  });
}

/** One argument as a text, where nothing is known of its tool; "" where there is none. */
export const displayOf = (args: Readonly<Record<string, Json | undefined>>, name: string): string =>
  args[name] === undefined || args[name] === null ? '' : display(args[name], name === 'amountMinor' ? 'amount' : undefined, args);

/** Longer ones than this are no part of a line. */
const lineCharsMax = 300;

/** The arguments of a call that a line about it may name, by name and as they are shown: no secrets, and no long texts. */
export const lineArgs = (manifest: Pick<ToolManifest, 'args'>, args: Readonly<Record<string, Json | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(manifest.args)
      .filter(([, { role }]) => role !== 'secret')
      .map(([name]) => [name, displayOf(args, name)])
      .filter(([, shown = '']) => shown !== '' && shown.length <= lineCharsMax),
  );

/** Where a value comes from, in words. */
export const presentOrigins = (label: Label | undefined): Field['origins'] => (label?.sources ?? []).map(origin);

function display(value: Json, slot: string | undefined, args: Readonly<Record<string, Json | undefined>>): string {
  if (slot === 'amount' && typeof value === 'number') return formatMinor(value, typeof args.currency === 'string' ? args.currency : 'EUR');
  if (slot === 'iban' && typeof value === 'string') return value.replace(/\s/g, '').replace(/(.{4})(?=.)/g, '$1 ');
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(', ') : JSON.stringify(value);
}

/** A list of addresses is looked at one by one. */
function textsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function origin(source: string): { kind: string; text: string } {
  const colon = source.indexOf(':');
  return colon < 0 ? { kind: source, text: '' } : { kind: source.slice(0, colon), text: source.slice(colon + 1) };
}

/** Invisible and direction marks: Unicode general category Cf, except the soft hyphen's harmless cousins inside emoji. */
const hidden = /[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\u{E0000}-\u{E007F}]/u;

function warnings(text: string, slot: string | undefined): string[] {
  const found: string[] = [];
  if (hidden.test(text)) found.push('Contains invisible or direction-changing characters.');
  const exact = slot !== undefined && slot !== 'text';
  if (exact && mixesScripts(text)) found.push('Mixes letters of different alphabets that look alike.');
  if (exact && /xn--/i.test(text)) found.push('Contains an internationalised name in its encoded form.');
  return found;
}

/** Latin together with Cyrillic or Greek in one word: the usual look-alikes (UTS #39, single-script restriction). */
function mixesScripts(text: string): boolean {
  return text
    .split(/[^\p{L}\p{M}]+/u)
    .some((word) => /\p{Script=Latin}/u.test(word) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(word));
}
