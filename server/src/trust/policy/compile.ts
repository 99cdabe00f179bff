import { createHash } from 'node:crypto';
import { type DetailedError, type PolicyJson, policySetTextToParts, policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { canonicalJson } from '#kernel';
import { type Demands, isDemanding, leastDemands, readDemands } from './demand.ts';
import { mayForbidReads, mentionedTools } from './scan.ts';

/** One thing that is wrong with a policy text, named so that its author can mend it. */
export interface PolicyFault {
  /** The policy's `@id`, or null where the fault is not inside one that has an id. */
  readonly policy: string | null;
  readonly line: number | null;
  readonly message: string;
}

/** One policy of a set. */
export interface NamedPolicy {
  readonly id: string;
  /** What people read when they ask "why am I asked?". */
  readonly title: string;
  readonly text: string;
  readonly textHash: string;
  readonly demands: Demands;
}

/** A policy text taken apart. */
export interface PolicySet {
  /** SHA-256 of the whole text: equal texts of different tenants share everything that is derived from them. */
  readonly hash: string;
  readonly byId: ReadonlyMap<string, NamedPolicy>;
  /** Every tool that some policy names. */
  readonly tools: ReadonlySet<string>;
  /** Some policy that names no tool may forbid reading. */
  readonly forbidsReads: boolean;
  /** Some policy asks for more than one person's plain yes. */
  readonly isDemanding: boolean;
}

export type Compilation =
  | { readonly kind: 'compiled'; readonly set: PolicySet }
  | { readonly kind: 'faulty'; readonly faults: readonly PolicyFault[] };

const textBytesMax = 65_536;
const policiesMax = 500;

/** What is always allowed unless a policy forbids it. It is part of every set, so that the short cut for reads and Cedar agree. */
export const builtInReads: NamedPolicy = named(
  'factotum.reads',
  'Reading inside the company needs nobody',
  `@id("factotum.reads")
@title("Reading inside the company needs nobody")
permit (principal, action, resource)
when { context.effect == "read" && !context.visibleOutside };`,
);

/** Takes a policy text apart. It says nothing about whether the policies fit the schema: that is `validatePolicy`. */
export function compile(text: string): Compilation {
  if (Buffer.byteLength(text) > textBytesMax) return faulty(`The text is longer than ${textBytesMax} bytes. Shorten it.`);
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') return { kind: 'faulty', faults: parts.errors.map((error) => faultOf(error, null, text, 0)) };
  if (parts.policy_templates.length > 0) return faulty('Templates (?principal, ?resource) are not supported. Write the policies out.');
  if (parts.policies.length > policiesMax) return faulty(`There are more than ${policiesMax} policies. Join some of them.`);
  const faults: PolicyFault[] = [];
  const byId = new Map([[builtInReads.id, builtInReads]]);
  const sources: PolicyJson[] = [];
  for (const part of parts.policies) {
    const answer = policyToJson(part);
    if (answer.type === 'failure') faults.push(...answer.errors.map((error) => faultOf(error, null, part, 0)));
    else {
      const { annotations = {} } = answer.json;
      const demands = readDemands(annotations);
      const policy = named(annotations.id ?? '', annotations.title ?? '', part, typeof demands === 'string' ? leastDemands : demands);
      const wrong = nameFault(policy, byId) ?? (typeof demands === 'string' ? demands : null);
      if (wrong !== null) faults.push({ policy: policy.id || null, line: lineAt(text, text.indexOf(part)), message: wrong });
      byId.set(policy.id, policy);
      sources.push(answer.json);
    }
  }
  if (faults.length > 0) return { kind: 'faulty', faults };
  const set = {
    hash: sha256(text),
    byId,
    tools: new Set(sources.flatMap(mentionedTools)),
    forbidsReads: sources.some(mayForbidReads),
    isDemanding: [...byId.values()].some(({ demands }) => isDemanding(demands)),
  };
  return { kind: 'compiled', set };
}

/** A fault from what Cedar says about one policy (or the whole text), with the line counted in the whole text. */
export function faultOf(error: DetailedError, policy: string | null, text: string, startOfPolicy: number): PolicyFault {
  const location = error.sourceLocations?.[0];
  const said = error.message.replace(/^for policy `[^`]*`, /, '').replace(/ for Action::"[^"]*"/, '');
  const message = [said, location?.label, error.help].filter(Boolean).join('; ');
  // Cedar counts bytes of UTF-8, also across characters that need several.
  const line =
    location === undefined
      ? null
      : lineAt(text, startOfPolicy) + newlines(Buffer.from(text.slice(startOfPolicy)).subarray(0, location.start).toString());
  return { policy, line, message };
}

/** SHA-256 over the texts of these policies, in the order of their ids: what an approval is bound to. */
export function hashOfPolicies(policies: readonly NamedPolicy[]): string {
  const sorted = policies.map(({ id, text }) => ({ id, text })).sort((left, right) => (left.id < right.id ? -1 : 1));
  return sha256(`factotum/policy/v1\0${canonicalJson(sorted)}`);
}

/** A declaration, like the hash below it. */
function named(id: string, title: string, text: string, demands = leastDemands): NamedPolicy {
  return { id, title, text, textHash: sha256(text), demands };
}

function nameFault(policy: NamedPolicy, earlier: ReadonlyMap<string, NamedPolicy>): string | null {
  if (policy.id === '') return 'The policy has no @id("..."). Give each its own: decisions name it.';
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(policy.id))
    return 'The @id must be lower-case letters, digits, dots, dashes and underscores, at most 63.';
  if (policy.id.startsWith('factotum.')) return 'An @id that begins with "factotum." belongs to the built-in policies. Choose another.';
  if (earlier.has(policy.id)) return 'Two policies have this @id. Give each its own.';
  if (policy.title.trim() === '' || policy.title.length > 200)
    return 'The policy needs a @title("...") of at most 200 characters: people read it when they are asked.';
  return null;
}

const faulty = (message: string): Compilation => ({ kind: 'faulty', faults: [{ policy: null, line: null, message }] });
const lineAt = (text: string, index: number): number => newlines(text.slice(0, Math.max(index, 0))) + 1;
const newlines = (text: string): number => text.split('\n').length - 1;

/** A declaration, not a constant: the built-in policy above is hashed while the module loads. */
function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
