import type { Json, JsonObject } from '#kernel';
import type { Effect } from '#trust/policy';

/** Whether an argument decides what happens, only travels along, or is a secret. Everything but content steers. */
export type ArgRole = 'steering' | 'content' | 'secret';

/** The kind of value an argument is; the gate refuses whatever does not have its form. */
export type Slot =
  | 'text'
  | 'path'
  | 'address'
  | 'addresses'
  | 'iban'
  | 'bic'
  | 'amount'
  | 'currency'
  | 'date'
  | 'datetime'
  | 'name'
  | 'id'
  | 'labels'
  /** Anything, with members of its own. */
  | 'json';

export interface ArgManifest {
  readonly role: ArgRole;
  readonly slot: Slot;
  /** What people read beside the value: "Recipient". */
  readonly title: string;
}

/** Several calls in one, each judged and shown as if it were made by itself. */
export interface ManifestParts {
  /** What one is called, "Payment". */
  readonly title: string;
  /** The argument that they stand in. */
  readonly arg: string;
  /** The tool that makes one of them alone. */
  readonly manifest: Omit<ToolManifest, 'parts'>;
  /** Other arguments that all of them share, by their names there and here. */
  readonly shared: Readonly<Record<string, string>>;
  /** What each says in the words of that tool, null for one that cannot be read. By trusted code, the same that the tool itself reads by. */
  readonly read: (value: Json) => readonly (JsonObject | null)[];
}

/** What a tool does to the world, written or approved by us; a server's own claims about its tools count for nothing. */
export interface ToolManifest {
  /** Two or more names with dots, `bank.pay`. */
  readonly tool: string;
  readonly title: string;
  readonly effect: Effect;
  readonly risk: 'low' | 'medium' | 'high';
  readonly args: Readonly<Record<string, ArgManifest>>;
  /** It can be taken back, by the tool's own `undo` or by another tool, and then leaves nothing behind. */
  readonly reversible: boolean;
  /** Somebody outside the tenant can notice the call. */
  readonly visibleOutside: boolean;
  /** The result is something that only the tenant may read. */
  readonly readsPrivate: boolean;
  /** The tool has a `lookup` that tells whether an attempt happened. */
  readonly canLookup: boolean;
  readonly timeoutMs: number;
  /** The action in one line for the person who decides, "Pay 1240.00 EUR to Northwind". By trusted code, never by a planner. */
  readonly headline: (args: JsonObject) => string;
  /** What follows when it is done, in one sentence. */
  readonly consequence: string;
  /** Set for a tool that does several things at once. */
  readonly parts?: ManifestParts;
}
