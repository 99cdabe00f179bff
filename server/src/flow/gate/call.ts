import type { ArgManifest, ToolManifest } from '#flow/tool';
import type { Json } from '#kernel';
import { type Directory, joinLabels, type Label, type Labelled, normaliseAddress, type StandingGrant } from '#trust/policy';
import { boundArgs } from './binding.ts';

/** What a step wants to do and everything that bears on it. Pure data, so equal inputs are decided equally. */
export interface CallInput {
  readonly tool: string;
  /** Null for a tool that nobody knows. */
  readonly manifest: ToolManifest | null;
  readonly args: Readonly<Record<string, Labelled>>;
  /** The step as the plan has it: which argument is which reference. */
  readonly spec: { readonly args: Readonly<Record<string, unknown>> };
  /** Source of the event, and the playbook that made the plan: what a standing grant may be limited to. */
  readonly source: string;
  readonly playbook: string | null;
  readonly grants: readonly StandingGrant[];
  readonly directory: Directory;
  /** Labels of everything that the task has read so far, its event included. */
  readonly taskLabels: readonly Label[];
  /** A finished step of the task has read something that only the tenant may read. */
  readonly readPrivate: boolean;
  readonly now: Date;
}

/** One argument with what the manifest says about it. */
export interface CallArg {
  readonly name: string;
  readonly title: string;
  readonly value: Json;
  readonly label: Label;
  /** Null for an argument that the manifest does not list. */
  readonly manifest: ArgManifest | null;
  /** It decides what happens: everything but content, and everything that nobody has described. */
  readonly steers: boolean;
}

/** The call as the floors see it: the input, and what several of them need worked out. */
export interface Call extends Omit<CallInput, 'manifest' | 'args'> {
  readonly known: boolean;
  readonly manifest: ToolManifest;
  readonly args: readonly CallArg[];
  /** Somebody outside the tenant gets something or notices something. */
  readonly outward: boolean;
  /** Join of every argument and everything that the task has read. */
  readonly everything: Label;
  /** Steering arguments from untrusted sources that no standing grant covers. */
  readonly unbound: readonly CallArg[];
  /** The grant that covers all the untrusted steering arguments, when there are any and one does. */
  readonly grant: StandingGrant | null;
  /** Addresses that steer, in their normal form; malformed ones as they are. */
  readonly recipients: readonly string[];
  /** Accounts that steer, those of the parts included. */
  readonly accounts: readonly CallArg[];
  /** The calls that this one is made of, each as if it were made alone; null for one that cannot be read. */
  readonly parts: readonly (Call | null)[];
}

/** Works out what the floors and the facts are computed from. */
export function describeCall(input: CallInput): Call {
  const manifest = input.manifest ?? mostDangerous(input);
  const args = Object.entries(input.args).map(([name, labelled]) => describeArg(manifest, name, labelled));
  const untrusted = args.filter((arg) => arg.steers && arg.label.integrity === 'untrusted');
  const grant = boundArgs(
    input,
    manifest,
    untrusted.map(({ name }) => name),
  );
  const parts = partsOf(input).map((part) => (part === null ? null : describeCall(part)));
  const readable = parts.filter((part) => part !== null);
  return {
    ...input,
    known: input.manifest !== null,
    manifest,
    args,
    outward: isOutward(manifest),
    everything: joinLabels(...input.taskLabels, ...args.map(({ label }) => label)),
    unbound: grant === null ? untrusted : [],
    grant,
    recipients: [
      ...args
        .filter((arg) => arg.steers && isAddressSlot(arg))
        .flatMap(({ value }) => texts(value).map((text) => normaliseAddress(text) ?? text)),
      ...readable.flatMap((part) => part.recipients),
    ],
    accounts: [...args.filter((arg) => arg.steers && arg.manifest?.slot === 'iban'), ...readable.flatMap((part) => part.accounts)],
    parts,
  };
}

/**
 * The calls that one call stands for. A value of a part has the label of the argument that it was read from. No standing grant reaches
 * into a list, and one that lists nothing has a part that cannot be read.
 */
function partsOf(input: CallInput): (CallInput | null)[] {
  const parts = input.manifest?.parts;
  if (parts === undefined) return [];
  const listed = Object.hasOwn(input.args, parts.arg) ? input.args[parts.arg] : undefined;
  if (listed === undefined) return [null];
  const shared = Object.entries(parts.shared).flatMap(([name, from]) => {
    const value = Object.hasOwn(input.args, from) ? input.args[from] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  const read = parts.read(listed.value);
  if (read.length === 0) return [null];
  return read.map((own) =>
    own === null
      ? null
      : {
          ...input,
          tool: parts.manifest.tool,
          manifest: parts.manifest,
          args: Object.fromEntries([
            ...shared,
            ...Object.entries(own).map(([name, value = null]) => [name, { value, label: listed.label }]),
          ]),
          spec: { args: {} },
          grants: [],
        },
  );
}

/** Money leaves the house as well: a payment's reference line is read by whoever is paid. */
const isOutward = ({ effect, visibleOutside }: ToolManifest): boolean => visibleOutside || effect === 'egress' || effect === 'money';

/** Every text in a value, however deep. */
export function texts(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    ...(Array.isArray(value) ? [] : [key]),
    ...(member === undefined ? [] : texts(member)),
  ]);
}

const isAddressSlot = ({ manifest }: CallArg): boolean => manifest?.slot === 'address' || manifest?.slot === 'addresses';

function describeArg(manifest: ToolManifest, name: string, { value, label }: Labelled): CallArg {
  const described = Object.hasOwn(manifest.args, name) ? (manifest.args[name] ?? null) : null;
  return { name, title: described?.title ?? name, value, label, manifest: described, steers: described?.role !== 'content' };
}

/** What is assumed of a tool that nobody knows: everything it could be. */
function mostDangerous({ tool }: CallInput): ToolManifest {
  return {
    tool,
    title: tool,
    effect: 'destroy',
    risk: 'high',
    args: {},
    reversible: false,
    visibleOutside: true,
    readsPrivate: true,
    canLookup: false,
    timeoutMs: 0,
    headline: () => tool,
    consequence: 'Nobody knows.',
  };
}
