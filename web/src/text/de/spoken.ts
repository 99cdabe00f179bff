import { type Args, germanAmount, tools } from './spoken/actions.ts';
import { entries } from './spoken/entries.ts';
import { policies, reasons } from './spoken/reasons.ts';

type Fields = Record<string, unknown>;

/**
 * An answer of the server in German: the words of our own tools, rules and log, wherever they stand in it. What people, playbooks, models
 * and other people's tools wrote stays as it is.
 */
export function spoken<T>(answer: T): T {
  // Texts are put for texts; the shape stays.
  return said(answer) as T;
}

function said(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(said);
  if (typeof value !== 'object' || value === null) return value;
  const fields: Fields = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, isForeign(name) ? inner : said(inner)]));
  if (typeof fields.tool === 'string') return ofTool(fields.tool, fields);
  if (typeof fields.kind === 'string' && typeof fields.text === 'string' && typeof fields.seq === 'number')
    return { ...fields, text: entries[fields.kind] ?? fields.text };
  return fields;
}

/** What holds values of others: nothing in there is ours to say. */
const isForeign = (name: string): boolean => ['args', 'value', 'result', 'payload', 'provenance', 'edits'].includes(name);

function ofTool(tool: string, fields: Fields): Fields {
  const words = tools[tool];
  const shown = listOf(fields.fields);
  const titles = new Map(shown.map((field) => [String(field.name), words?.fields[String(field.name)] ?? String(field.title)]));
  const args: Args = (name) => String(shown.find((field) => field.name === name)?.display ?? '');
  const put = (name: string, text: string | null | undefined): Fields => (typeof fields[name] === 'string' && text ? { [name]: text } : {});
  const why = listOf(fields.reasons).map((reason): Fields => ({ ...reason, text: reasonOf(reason, titles) }));
  return {
    ...fields,
    ...put('toolTitle', words?.title),
    ...('toolTitle' in fields ? {} : put('title', words?.title)),
    ...put('consequence', words?.consequence),
    ...put('headline', shown.length > 0 ? words?.headline(args) : null),
    ...put('reason', typeof why[0]?.text === 'string' ? why[0].text : null),
    ...('reasons' in fields && { reasons: why }),
    ...('fields' in fields && { fields: shown.map((field) => ({ ...field, ...germanField(field, titles) })) }),
    ...('policies' in fields && {
      policies: listOf(fields.policies).map((policy) => ({ ...policy, title: policies[String(policy.title)] ?? policy.title })),
    }),
  };
}

/** Amounts are drawn by the server, with the signs of English. */
const germanField = ({ name, title, display }: Fields, titles: ReadonlyMap<string, string>): Fields => ({
  title: titles.get(String(name)) ?? title,
  ...(name === 'amountMinor' && typeof display === 'string' && { display: germanAmount(display) }),
});

function reasonOf({ rule, text, args }: Fields, titles: ReadonlyMap<string, string>): unknown {
  const known = reasons[String(rule)];
  if (known !== undefined) return known(Array.isArray(args) ? args.map((name) => titles.get(String(name)) ?? String(name)).join(', ') : '');
  const title = policies[String(text).replace(/\.$/, '')];
  return title === undefined ? text : `${title}.`;
}

const listOf = (value: unknown): Fields[] =>
  Array.isArray(value) ? value.filter((item): item is Fields => typeof item === 'object' && item !== null) : [];
