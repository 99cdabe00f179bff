import { slotFault } from '#flow/tool';
import { type Label, normaliseAddress, payeeName, type Verdict } from '#trust/policy';
import { isProtectedFromTools, normalisePath } from '#trust/vault';
import { type Call, type CallArg, texts } from './call.ts';
import { findLinks } from './links.ts';

/** What a floor found: the sentence for the person who decides, and the arguments it is about. */
export interface Hit {
  readonly text: string;
  readonly args?: readonly string[];
}

/** A rule below which no policy and no planner can go. */
export interface Floor {
  readonly rule: string;
  readonly verdict: Exclude<Verdict, 'auto'>;
  /** Null when the rule has nothing against the call. */
  readonly applies: (call: Call) => Hit | null;
}

/** All are looked at, the strictest wins, and every reason is kept. */
export const floors: readonly Floor[] = [
  { rule: 'tool.unknown', verdict: 'deny', applies: unknownTool },
  { rule: 'argument.unlisted', verdict: 'deny', applies: unlistedArgument },
  { rule: 'argument.malformed', verdict: 'deny', applies: malformedArgument },
  { rule: 'vault.protected', verdict: 'deny', applies: protectedPath },
  { rule: 'steering.untrusted', verdict: 'ask', applies: untrustedSteering },
  { rule: 'choice.untrusted', verdict: 'ask', applies: untrustedChoice },
  { rule: 'grave.untrusted', verdict: 'ask', applies: graveAfterUntrusted },
  { rule: 'rule_of_two', verdict: 'ask', applies: ruleOfTwo },
  { rule: 'link.untrusted', verdict: 'ask', applies: untrustedLink },
  { rule: 'payee.name', verdict: 'ask', applies: payeeUnderAnotherName },
];

/** Nobody has said what the tool does, so it could do anything. */
function unknownTool({ known, tool }: Call): Hit | null {
  return known ? null : { text: `There is no tool called ${tool}.` };
}

/** An argument that nobody has described could steer anything. */
function unlistedArgument({ known, args }: Call): Hit | null {
  return known
    ? about(
        args.filter(({ manifest }) => manifest === null),
        (titles) => `The tool does not take ${titles}.`,
      )
    : null;
}

/** A value that is not of its kind is either a mistake or an attempt to be read in two ways. */
function malformedArgument({ args, manifest, parts }: Call): Hit | null {
  const ofArgs = args.flatMap((arg) => {
    const fault = arg.manifest === null ? null : slotFault(arg.manifest.slot, arg.value);
    return fault === null ? [] : [{ name: arg.name, text: `${arg.title} ${fault}.` }];
  });
  const unread = parts.indexOf(null);
  const list = unread < 0 ? undefined : manifest.parts;
  const faults = list === undefined ? ofArgs : [...ofArgs, { name: list.arg, text: `${list.title} ${unread + 1} cannot be read.` }];
  return faults.length === 0 ? null : { text: faults.map(({ text }) => text).join(' '), args: faults.map(({ name }) => name) };
}

/** What decides about tasks is written by members alone: a tool that could write it could give itself permission. */
function protectedPath({ manifest, args }: Call): Hit | null {
  if (manifest.effect === 'read') return null;
  const touched = args.filter((arg) => arg.manifest?.slot === 'path' && typeof arg.value === 'string' && isProtected(arg.value));
  return about(
    touched,
    () => `${touched.map(({ value }) => String(value)).join(', ')} is for members alone: tools may not create, change, move or delete it.`,
  );
}

/** Who chooses the target chooses the effect. Reading inside the tenant is left to the labels, which travel with what was read. */
function untrustedSteering({ manifest, unbound }: Call): Hit | null {
  if (manifest.effect === 'read' && !manifest.visibleOutside) return null;
  return about(
    unbound,
    (titles) =>
      `${titles} ${unbound.length === 1 ? 'comes' : 'come'} from ${origins(unbound.map(({ label }) => label))}, so a stranger can have chosen it.`,
  );
}

/** Where nothing says what is to be hit, making the call is all there is to choose, and whoever fed the task can have chosen it. */
function untrustedChoice({ outward, everything, args, taskLabels }: Call): Hit | null {
  if (!outward || everything.integrity === 'trusted' || args.some(({ steers }) => steers)) return null;
  return { text: `Goes out because of ${origins([...taskLabels, ...args.map(({ label }) => label)])}.` };
}

/** For money, rights and deletion there is no exception, not even when nothing untrusted reached the arguments. */
function graveAfterUntrusted({ manifest, everything, taskLabels, args }: Call): Hit | null {
  if (manifest.effect !== 'money' && manifest.effect !== 'grant' && manifest.effect !== 'destroy') return null;
  if (everything.integrity === 'trusted') return null;
  const what = { money: 'Paying', grant: 'Giving access', destroy: 'Deleting' }[manifest.effect];
  return {
    text: `${what} always needs a person once the task has touched ${origins([...taskLabels, ...args.map(({ label }) => label)])}.`,
  };
}

/** Untrusted input, private data, and an effect outside: two of them may meet in one task, all three only before a person. */
function ruleOfTwo({ manifest, everything, outward, args, taskLabels, recipients, readPrivate }: Call): Hit | null {
  if (!outward || everything.integrity === 'trusted') return null;
  const labels = [...taskLabels, ...args.map(({ label }) => label)];
  const isPrivate =
    manifest.readsPrivate || readPrivate || labels.some((label) => label.readers === 'tenant' && !isKnownTo(label, recipients));
  return isPrivate ? { text: `The task has read private data and ${origins(labels)}, so what leaves the house goes past a person.` } : null;
}

/** A link in our name is trusted because it comes from us. */
function untrustedLink({ outward, args }: Call): Hit | null {
  if (!outward) return null;
  const found = args.flatMap((arg) => {
    const carriesText = arg.manifest === null || arg.manifest.role === 'content' || ['text', 'name', 'json'].includes(arg.manifest.slot);
    const links = carriesText && arg.label.integrity === 'untrusted' ? texts(arg.value).flatMap(findLinks) : [];
    return links.map((link) => ({ name: arg.name, link }));
  });
  if (found.length === 0) return null;
  const shown = found.slice(0, 5).map(({ link }) => link);
  const more = found.length > shown.length ? ` and ${found.length - shown.length} more` : '';
  return {
    text: `Goes out with a link that a stranger can have chosen: ${shown.join(', ')}${more}.`,
    args: [...new Set(found.map(({ name }) => name))],
  };
}

/** A known account under somebody else's name: the person would read the name and not the digits. */
function payeeUnderAnotherName({ args, accounts, directory }: Call): Hit | null {
  const names = args.filter((arg) => arg.steers && arg.manifest?.slot === 'name' && typeof arg.value === 'string');
  for (const account of accounts) {
    const listed = typeof account.value === 'string' ? payeeName(directory, account.value) : null;
    const other = listed ? names.find(({ value }) => !sameName(String(value), listed)) : undefined;
    if (other !== undefined)
      return { text: `Your payees list this account under "${listed}", not "${String(other.value)}".`, args: [account.name, other.name] };
  }
  return null;
}

/** "Northwind" and "NORTHWIND GmbH" are one: the words of one name are all in the other, whatever their case and marks. */
function sameName(left: string, right: string): boolean {
  const [one, other] = [wordsOf(left), wordsOf(right)];
  if (one.size === 0 || other.size === 0) return left === right;
  return one.isSubsetOf(other) || other.isSubsetOf(one);
}

const wordsOf = (name: string): Set<string> =>
  new Set(
    name
      .normalize('NFKD')
      .toLowerCase()
      .replace(/\p{M}/gu, '')
      .match(/[\p{L}\p{N}]+/gu) ?? [],
  );

/** What one person wrote may go back to that person: nobody learns anything new. Nor from words that hold nothing private of their own. */
function isKnownTo(label: Label, recipients: readonly string[]): boolean {
  const writers = label.sources.filter((source) => !/^(playbook:|model:|system$)/.test(source));
  if (recipients.length === 0 || writers.length === 0) return false;
  const addresses = writers.map((source) => (source.startsWith('mail:') ? normaliseAddress(source.slice('mail:'.length)) : null));
  return recipients.every((recipient) => addresses.every((address) => address === recipient));
}

function isProtected(path: string): boolean {
  try {
    return isProtectedFromTools(normalisePath(path));
  } catch {
    // Not a path at all: that is the business of the rule for malformed arguments, and nothing is allowed by both.
    return true;
  }
}

const about = (args: readonly CallArg[], text: (titles: string) => string): Hit | null =>
  args.length === 0 ? null : { text: text(args.map(({ title }) => title).join(', ')), args: args.map(({ name }) => name) };

/** The untrusted sources in words, at most three. */
/**
 * Whom an untrusted value comes from, in words. A label joins everything that a value was made of; what only members can have written is
 * left out, since a person has to look at the rest.
 */
function origins(labels: readonly Label[]): string {
  const all = [...new Set(labels.filter(({ integrity }) => integrity === 'untrusted').flatMap((label) => label.sources))];
  const sources = all.filter((source) => !/^(playbook:|member:|system$)/.test(source));
  const shown = sources
    .slice(0, 3)
    .map((source) => inWords[source.slice(0, source.indexOf(':'))]?.(source.slice(source.indexOf(':') + 1)) ?? source);
  if (shown.length === 0) return 'an untrusted source';
  return `${shown.join(', ')}${sources.length > 3 ? ` and ${sources.length - 3} more` : ''}`;
}

const inWords: Readonly<Record<string, ((rest: string) => string) | undefined>> = {
  mail: (address) => `mail from ${address}`,
  note: (path) => `the note ${path}`,
  model: (name) => `what the model ${name} wrote`,
};
