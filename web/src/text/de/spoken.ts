import { type Args, amountIn, headline, tools } from '@factotum/translation/de';
import { entries } from './spoken/entries.ts';
import { moneySaid } from './spoken/money.ts';
import { accountNotices, permissions, quotas, roles } from './spoken/names.ts';
import { problemText } from './spoken/problems.ts';
import { policies, said as reasonSaid, reasons } from './spoken/reasons.ts';
import { sayer } from './spoken/sentence.ts';
import { lineOf, toldOf } from './spoken/told.ts';
import { text } from './work.ts';

type Fields = Record<string, unknown>;

const { locale } = text;

/** What the server says of a failure, in German; "" for a code that is not known, for which the page has words of its own. */
export const spokenProblem = (problem: { code: string; message: string; details: Fields }): string =>
  problemText(problem.code, problem.message, problem.details) ?? '';

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
  return {
    ...fields,
    ...ofName(fields),
    ...ofMoney(fields),
    ...ofTask(fields),
    ...(typeof fields.code === 'string' && ofCode(fields.code, fields)),
  };
}

/** What is said about payments, invoices and files of banks; what stands in these members that is not ours stays. */
function ofMoney(fields: Fields): Fields {
  const put = (name: string): Fields => {
    const found = fields[name];
    if (typeof found === 'string') return { [name]: moneySaid(found) ?? found };
    return Array.isArray(found) ? { [name]: found.map((one) => (typeof one === 'string' ? (moneySaid(one) ?? one) : one)) } : {};
  };
  if (typeof fields.points === 'number') return put('text');
  if (typeof fields.line === 'number' || typeof fields.category === 'string') return { ...put('why'), ...put('categoryWhy') };
  if ('transactions' in fields && typeof fields.account === 'string') return { ...put('title'), ...put('text') };
  return { ...put('doubts'), ...put('questions') };
}

/** What became of a task, and what is asked about it. */
function ofTask({ note, question, calls }: Fields): Fields {
  if (!Array.isArray(calls)) return {};
  const known = listOf(calls).map(({ tool, headline: line, shown }) => ({
    ...{ tool: String(tool), headline: String(line) },
    shown: listOf([shown])[0] ?? {},
  }));
  return {
    ...(typeof note === 'string' && { note: toldOf(note, known) }),
    ...(typeof question === 'string' && { question: toldOf(question, known) }),
  };
}

/** What the eye would miss, and what the tenant's own notes say about a value. */
const noticed = sayer({
  'Contains invisible or direction-changing characters.': 'Enthält unsichtbare Zeichen oder solche, die die Schreibrichtung ändern.',
  'Mixes letters of different alphabets that look alike.': 'Mischt Buchstaben verschiedener Alphabete, die gleich aussehen.',
  'Contains an internationalised name in its encoded form.': 'Enthält einen internationalisierten Namen in seiner kodierten Form.',
  'Listed in Contacts.md': 'Steht in Contacts.md',
  'Listed in Contacts.md as {text}': 'Steht in Contacts.md als {1}',
});

/** What the product itself has a name for: permissions, quotas and the roles that every tenant has. */
function ofName({ permission, meaning, quota, title, name, builtIn, consequence, args }: Fields): Fields {
  if (typeof consequence === 'string' && Array.isArray(args)) return ofManifest({ name, title, consequence, args });
  if (typeof meaning === 'string') return { meaning: permissions[String(permission)] ?? meaning };
  if (typeof title !== 'string') return {};
  if (typeof quota === 'string') return { title: quotas[quota] ?? title };
  return builtIn === true ? { title: roles[String(name)] ?? title } : {};
}

/** One of our tools as playbooks are written with it. */
function ofManifest({ name, title, consequence, args }: Fields): Fields {
  const words = typeof name === 'string' && Object.hasOwn(tools, name) ? tools[name] : undefined;
  return {
    title: words?.title ?? title,
    consequence: words?.consequence ?? consequence,
    args: listOf(args).map((arg) => ({ ...arg, title: words?.fields[String(arg.name)] ?? arg.title })),
  };
}

/** A failure that an answer tells of, or what does not add up in an account. */
function ofCode(code: string, fields: Fields): Fields {
  const said = ['message', 'detail'].filter((name) => typeof fields[name] === 'string');
  const notice = typeof fields.text === 'string' ? accountNotices[code]?.(fields.text) : undefined;
  return {
    ...Object.fromEntries(said.map((name) => [name, problemText(code, String(fields[name])) ?? fields[name]])),
    ...(notice === undefined ? {} : { text: notice }),
  };
}

/** What holds values of others: nothing in there is ours to say. */
const isForeign = (name: string): boolean => ['args', 'value', 'result', 'payload', 'provenance', 'edits', 'shown', 'calls'].includes(name);

function ofTool(tool: string, fields: Fields): Fields {
  const words = tools[tool];
  const shown = listOf(fields.fields);
  const line = listOf([fields.shown])[0];
  const titles = new Map([
    ...Object.entries(words?.fields ?? {}),
    ...shown.map((field): [string, string] => [String(field.name), titleOf(field, words)]),
  ]);
  const args: Args = (name) => {
    const field = shown.find((one) => one.name === name);
    return field === undefined || field.value === null ? '' : String(field.display);
  };
  const put = (name: string, text: string | null | false | undefined): Fields =>
    typeof fields[name] === 'string' && text ? { [name]: text } : {};
  const why = listOf(fields.reasons).map((reason): Fields => ({ ...reason, text: reasonOf(reason, titles) }));
  return {
    ...fields,
    ...put('toolTitle', words?.title),
    ...('toolTitle' in fields ? {} : put('title', words?.title)),
    ...put('consequence', words?.consequence),
    ...put('headline', line === undefined ? shown.length > 0 && headline(locale, tool, args) : lineOf({ tool, shown: line })),
    ...put('reason', typeof why[0]?.text === 'string' ? why[0].text : null),
    ...('reasons' in fields && { reasons: why }),
    ...('fields' in fields && { fields: shown.map((field) => ({ ...field, ...germanField(field, titles) })) }),
    ...('policies' in fields && {
      policies: listOf(fields.policies).map((policy) => ({ ...policy, title: policies[String(policy.title)] ?? policy.title })),
    }),
  };
}

/** Amounts are drawn by the server, with the signs of English. */
function germanField({ name, title, display, members, warnings, known }: Fields, titles: ReadonlyMap<string, string>): Fields {
  const amount = (of: unknown, shown: unknown): unknown =>
    of === 'amountMinor' && typeof shown === 'string' ? amountIn(locale, shown) : shown;
  return {
    title: titles.get(String(name)) ?? title,
    display: Array.isArray(members)
      ? listOf(members)
          .map((member) => String(amount(member.name, member.display)))
          .join(' \u00b7 ')
      : amount(name, display),
    ...(Array.isArray(warnings) && { warnings: warnings.map((one) => noticed(String(one)) ?? one) }),
    ...(typeof known === 'string' && { known: noticed(known) ?? known }),
  };
}

/** One of several calls has the name of its argument and its place in it: `payments[3]`. */
function titleOf({ name, title }: Fields, words: (typeof tools)[string] | undefined): string {
  const [, place] = /\[(\d+)\]$/.exec(String(name)) ?? [];
  const own = place === undefined ? words?.fields[String(name)] : words?.part && `${words.part} ${place}`;
  return own ?? String(title);
}

function reasonOf({ rule, text, args }: Fields, titles: ReadonlyMap<string, string>): unknown {
  const known = reasons[String(rule)];
  if (known !== undefined) return known(Array.isArray(args) ? args.map((name) => titles.get(String(name)) ?? String(name)).join(', ') : '');
  const title = policies[String(text).replace(/\.$/, '')];
  return title === undefined ? (reasonSaid(String(text)) ?? text) : `${title}.`;
}

const listOf = (value: unknown): Fields[] =>
  Array.isArray(value) ? value.filter((item): item is Fields => typeof item === 'object' && item !== null) : [];
