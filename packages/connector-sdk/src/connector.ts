import type { z } from 'zod';

/** Of this interface. A package of connectors exports the one that it was written for; it grows when something is taken away or changed. */
export const interfaceVersion = 1;

/** JSON as it is kept: no undefined, no functions, no dates. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export interface JsonObject {
  readonly [name: string]: Json;
}

/** A credential that a person enters once. It is sealed before it is stored, never comes back, and may be a `secret://` reference. */
export interface CredentialField {
  readonly title: string;
  readonly required: boolean;
  /** One line below the field: where one finds it. */
  readonly help?: string;
  /**
   * Why a value cannot be taken, in a sentence that says what to do instead and never repeats the value; null for one that can. Asked before
   * it is saved. A reference is not: what it leads to is known only when it is used, so whatever uses the value asks as well.
   */
  readonly refusal?: (value: string) => string | null;
}

/** A call by `fetch`. */
export interface CallInit extends RequestInit {
  /** Not ended by the context's signal, only by its own time: for a call whose answer must not be lost, such as a token that is given once. */
  readonly outlives?: boolean;
}

/** The way to the outside. Addresses are the tenant's choice, so every one is checked before it is dialled. */
export interface Network {
  /** Aborted when the connection is paused, taken over by another watcher, or the process stops. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /**
   * Guarded against private networks, limited in time (30 s) and bytes (32 MiB), redirects not followed, ended by `signal` unless it `outlives` it.
   *
   * @throws ConnectorFault `permanent` for an address that may not be called or is not protected by TLS, `transient` for one that does not answer.
   */
  readonly fetch: (url: string | URL, init?: CallInit) => Promise<Response>;
  /**
   * The address behind a host name that may be dialled, for protocols other than HTTP: connect to it, with the name as TLS server name.
   *
   * @param port - one that the operator has opened for a private host is only open at that port
   * @throws ConnectorFault `permanent` for one that may not, `transient` where names are not resolved right now.
   */
  readonly resolve: (host: string, port?: number) => Promise<string>;
  /** Ids, counts and codes only; never content. */
  readonly log: (message: string, facts?: JsonObject) => void;
}

/** Credentials that the far side replaces when they are used, such as a refresh token that is good once. Every process sees the same. */
export interface SavedCredentials {
  /** Changes when a person changes the connection, and not when a credential is replaced: what is kept in memory holds under it. */
  readonly revision: number;
  /**
   * Works with a credential while nobody else does, in any process. What is replaced is kept when the work is done, and not at all if it throws.
   * The work must end within 20 seconds; others wait for ten.
   *
   * @throws Error when it has not come to its turn, or the connection is gone
   */
  exclusively<R>(name: string, work: (held: HeldCredential) => Promise<R>): Promise<R>;
}

/** A credential that one piece of work has for itself. */
export interface HeldCredential {
  /** In force now, which may be newer than that of the context. */
  readonly value: string;
  /** It is referred to, so somebody may give it another value without changing the connection. */
  readonly isReference: boolean;
  /** It lies where we may write. */
  readonly canReplace: boolean;
  /**
   * Puts a value in force in the place of the one that was held, if that still is in force, and for good.
   *
   * @returns `superseded` when another is in force by now, `elsewhere` when it lies in a store that is not ours to write
   */
  replace(value: string): Promise<'kept' | 'superseded' | 'elsewhere'>;
}

/** What one connection is handed. Everything in it belongs to one tenant. */
export interface ConnectorContext<Settings> extends Network {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly settings: Settings;
  /** Values, after references have been followed. Never log them. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Not there for settings that are only tried out. */
  readonly saved?: SavedCredentials;
}

/** Settings that would do, found from what a person knows. */
export interface Proposal {
  /** For the person who chooses among several. */
  readonly title: string;
  /** Fields of `settings`; those that are missing the person fills in. */
  readonly settings: JsonObject;
  /** Credentials that are known from the address, such as the user's name. Never a password. */
  readonly credentials?: Readonly<Record<string, string>>;
}

/** Something that arrived. Its externalId is unique within the connection, and the same when it is fetched again. */
export type Arrival =
  | {
      readonly form: 'event';
      /** Like `calendar.changed`: lower-case letters, digits, dot, dash, underscore. */
      readonly kind: string;
      readonly externalId: string;
      readonly title: string;
      /** At most 256 KiB as JSON. */
      readonly payload: JsonObject;
      /** RFC 3339. */
      readonly occurredAt?: string;
      /** Who it claims to be from. Anybody can claim anything. */
      readonly from?: string;
      /** Was there before the connection was made: it is kept and found, and nothing is done because of it. */
      readonly history?: boolean;
    }
  | {
      /** The raw bytes of a mail (RFC 5322), at most 25 MiB. They are their own external id. */
      readonly form: 'mail';
      readonly bytes: Uint8Array;
      /**
       * What the connector knows of the sender, in the words of RFC 8601 (`pass`, `fail`, ...); then what the mail says of itself does not
       * count. A hint for people: nothing is allowed because of it.
       */
      readonly authentication?: { readonly spf?: string; readonly dkim?: string; readonly dmarc?: string; readonly arc?: string };
      readonly history?: boolean;
    };

export interface PollLimits {
  /** Most arrivals of one poll. */
  readonly arrivals: number;
  /** Most bytes of one poll, unless one arrival alone has more. */
  readonly bytes: number;
  /**
   * RFC 3339, only when a cursor has expired: what has come since then must be fetched again, and is no history. Fetching more than that does
   * no harm, as it is recognised.
   */
  readonly since?: string;
}

export interface Polled<Cursor, Changes = never> {
  readonly arrivals: readonly Arrival[];
  /** Committed together with the arrivals and the changes, or not at all. */
  readonly cursor: Cursor;
  /** There is more right now: poll again at once. */
  readonly more: boolean;
  /** When to ask again at the latest, in milliseconds. Left out: the connection's usual pace. */
  readonly nextInMs?: number;
  /** How far a back-fill is. */
  readonly progress?: { readonly done: number; readonly of: number | null };
  /** What else this poll has learned, for a connector of the product that keeps a picture of the far side (calendars, accounts). */
  readonly changes?: Changes;
}

export interface HookRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The bytes as they came: signatures are over these. */
  readonly body: Uint8Array;
}

export interface HookAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly arrivals: readonly Arrival[];
  /** The request was only a hint that there is something to fetch. */
  readonly pollNow?: boolean;
}

/**
 * One kind of outside system. Poll is the truth, push is a hint: whatever has a cursor is fetched by `poll`, and `stream` and `hook` may
 * only make it happen sooner. A hook whose payload is the event itself (chat, webhooks) answers with the arrivals.
 *
 * Nothing in a connector is kept between calls: the next may be made by another process. What it throws should be a ConnectorFault; anything
 * else counts as transient and is logged as a fault of the connector.
 */
export interface Connector<Settings extends z.ZodObject = z.ZodObject, Cursor extends Json = Json, Changes = never> {
  /** Like `imap`; unique among the connectors of an installation. It is the `source` of its events, except that a mail's is `mail`. */
  readonly kind: string;
  readonly title: string;
  /** What it brings and does, in one sentence for the person who chooses it. */
  readonly description: string;
  /** Becomes the form: `title` and `description` of each field are shown. Addresses of servers are always settings. */
  readonly settings: Settings;
  readonly credentials: Readonly<Record<string, CredentialField>>;
  /** Asked at least this often, in milliseconds, and not more often than a tenth of it unless there is a hint or more. */
  readonly everyMs: number;
  /** Most calls by `fetch` within a minute; those beyond it wait. 600 if left out. */
  readonly callsPerMinute?: number;
  /** Proposes settings for an address or a host name, best first. Nothing found is an empty list. */
  discover?(network: Network, address: string): Promise<readonly Proposal[]>;
  /**
   * What the cursor belongs to, as text: server and mailbox, say. Settings that lead elsewhere begin without a cursor. Left out: the cursor
   * stays whatever is set.
   */
  place?(settings: z.infer<Settings>): string;
  /**
   * Everywhere that credentials are sent besides the `place`, each as text with what it is for: `smtp mail.example:465`. Whoever adds one
   * must know the credentials. The cursor stays. Left out: there is nothing besides the place.
   */
  destinations?(settings: z.infer<Settings>): readonly string[];
  /** Cheap, changes nothing. @throws ConnectorFault that says what is wrong and what to do. */
  check(context: ConnectorContext<z.infer<Settings>>): Promise<void>;
  /** `cursor` null: the first poll, which sets a baseline and fetches at most what `settings` say of the past. */
  poll?(context: ConnectorContext<z.infer<Settings>>, cursor: Cursor | null, limits: PollLimits): Promise<Polled<Cursor, Changes>>;
  /** Runs as long as the signal is not aborted; calls `onHint` when a poll would find something. It may throw: it is begun again. */
  stream?(context: ConnectorContext<z.infer<Settings>>, onHint: () => void): Promise<void>;
  /** Verifies before it believes. @throws ConnectorFault `auth` for a signature that is not right. */
  hook?(context: ConnectorContext<z.infer<Settings>>, request: HookRequest): Promise<HookAnswer>;
}

/** Keeps the compiler's knowledge of the settings while connectors of all kinds lie in one list. */
export const defineConnector = <Settings extends z.ZodObject, Cursor extends Json, Changes = never>(
  connector: Connector<Settings, Cursor, Changes>,
): Connector<Settings, Cursor, Changes> => connector;
