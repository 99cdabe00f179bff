import type { Connector, ConnectorContext, HookRequest, Json, Proposal } from '@factotum/connector-sdk';
import type pg from 'pg';
import type { z } from 'zod';
import type { Id, JsonObject } from '#kernel';
import type { TenantKeys } from '#trust/key';
import type { ConnectionChange, ConnectionState, NewConnection } from './schema.ts';

/** A connector of whatever kind, as they lie in one list. */
export type AnyConnector = Connector<z.ZodObject, Json, unknown>;

/** A kind of connection that tenants can have. */
export interface KindInfo {
  readonly kind: string;
  readonly title: string;
  readonly description: string;
  /** JSON schema of its settings. */
  readonly settings: JsonObject;
  readonly credentials: Readonly<Record<string, { readonly title: string; readonly required: boolean; readonly help?: string }>>;
  readonly everyMs: number;
  readonly can: { readonly poll: boolean; readonly stream: boolean; readonly hook: boolean; readonly discover: boolean };
}

/** How a connection is doing. */
export interface ConnectionHealth {
  readonly lastPolledAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly lastArrivalAt: Date | null;
  /** In a row. */
  readonly failures: number;
  readonly fault: { readonly code: string; readonly message: string } | null;
  /** By how much the next poll is late, in milliseconds; null for one that is not polled. */
  readonly lagMs: number | null;
  readonly nextAt: Date | null;
  readonly progress: { readonly done: number; readonly of: number | null } | null;
  readonly arrivals: number;
}

/** A connection as people see it: credentials say only whether they are set, or which secret they refer to. */
export interface Connection {
  readonly id: Id<'connection'>;
  readonly connector: string;
  readonly name: string;
  readonly state: ConnectionState;
  readonly settings: JsonObject;
  readonly credentials: Readonly<Record<string, string | null>>;
  readonly health: ConnectionHealth;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Path of the address that pushes to it; null for connectors that have none. It lets whoever knows it knock: for administrators. */
  readonly hookPath: string | null;
}

/** A connection opened for use: what tools need to act on an account. */
export interface OpenConnection<Settings = Record<string, unknown>> {
  readonly id: Id<'connection'>;
  readonly connector: string;
  readonly name: string;
  readonly settings: Settings;
  readonly credentials: Readonly<Record<string, string>>;
  readonly context: ConnectorContext<Settings>;
}

/** What came of trying out a connection. */
export interface Trial {
  readonly ok: boolean;
  readonly fault: { readonly code: string; readonly message: string } | null;
}

export interface HookReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Who acts, for the audit log. */
export interface Act {
  readonly actor: string;
}

export interface ChangeAct extends Act {
  readonly basedOn: number | null;
  readonly mayRefer: boolean;
}

/**
 * Keeps what a connector of the product has learned besides arrivals, in the transaction that commits them.
 *
 * @param client - inside a transaction of the tenant's; what it throws rolls everything back, and the poll is made again
 */
export type Sink = (client: pg.PoolClient, at: SinkPlace, changes: unknown) => Promise<void>;
export interface SinkPlace {
  readonly tenantId: Id<'tenant'>;
  readonly connectionId: Id<'connection'>;
  readonly keys: TenantKeys;
  readonly now: Date;
}

/** Tenants' connections to outside systems. */
export interface Connections {
  /** What there is to connect to, in the order of the wiring. */
  kinds(): readonly KindInfo[];
  list(tenantId: Id<'tenant'>): Promise<readonly Connection[]>;
  /** @throws `connection.not_found`. */
  get(tenantId: Id<'tenant'>, id: Id<'connection'>): Promise<Connection>;
  /** Saves it and polls soon; does not try it out. @throws `connection.invalid`, `quota.exceeded`, `secret.*` for a reference that may not be used. */
  create(tenantId: Id<'tenant'>, input: NewConnection, act: Act): Promise<Connection>;
  /**
   * A broken connection that is changed is tried again.
   *
   * @param act.basedOn - the version that was read; null replaces whatever is there
   * @param act.mayRefer - whether the one who asks may decide who gets values of secrets. Without it, settings that lead elsewhere need every
   * credential anew: or whoever may only change a connection would have what is saved sent to themselves
   * @throws `connection.not_found`, `connection.changed`, `connection.invalid`.
   */
  change(tenantId: Id<'tenant'>, id: Id<'connection'>, change: ConnectionChange, act: ChangeAct): Promise<Connection>;
  /** What came in over it stays. @throws `connection.not_found`. */
  remove(tenantId: Id<'tenant'>, id: Id<'connection'>, act: Act): Promise<void>;
  /** @throws `connection.not_found`. */
  pause(tenantId: Id<'tenant'>, id: Id<'connection'>, act: Act): Promise<Connection>;
  /** Also for one that is broken. @throws `connection.not_found`. */
  resume(tenantId: Id<'tenant'>, id: Id<'connection'>, act: Act): Promise<Connection>;
  /** Asks whoever watches it to poll now; nothing for one that is paused or broken. @throws `connection.not_found`. */
  pollNow(tenantId: Id<'tenant'>, id: Id<'connection'>): Promise<Connection>;
  /** Tries it out as it is saved. A fault of the far side is an answer, not an error. @throws `connection.not_found`. */
  test(tenantId: Id<'tenant'>, id: Id<'connection'>): Promise<Trial>;
  /** Tries out settings that are not saved. @throws `connection.invalid`, `secret.*`. */
  testUnsaved(tenantId: Id<'tenant'>, input: Omit<NewConnection, 'name'>): Promise<Trial>;
  /** Proposes settings for an address. @throws `connection.invalid`, `connection.unavailable`, `connection.refused`. */
  discover(tenantId: Id<'tenant'>, input: { readonly connector: string; readonly address: string }): Promise<readonly Proposal[]>;
  /**
   * The tenant's active connection of that connector, or the oldest of several when none is named.
   *
   * @param signal - ends what is done over it
   * @returns null when there is none that is active
   * @throws `secret.*` when a credential is not to be had, `connection.invalid` when what is saved does not fit the connector any more.
   */
  open<Settings extends z.ZodObject>(
    tenantId: Id<'tenant'>,
    which: {
      readonly connector: { readonly kind: string; readonly settings: Settings };
      readonly connectionId?: Id<'connection'>;
      readonly signal?: AbortSignal;
    },
  ): Promise<OpenConnection<z.infer<Settings>> | null>;
  /** Takes a push in, and answers once what it brought is durable. @throws `connection.not_found`, `webhook.signature_invalid`, `quota.exceeded`, `connection.unavailable`. */
  hook(tenantId: Id<'tenant'>, id: Id<'connection'>, secret: string, request: HookRequest): Promise<HookReply>;
  /** Secrets that the tenant's connections refer to. */
  references(tenantId: Id<'tenant'>): Promise<readonly { readonly reference: string; readonly by: string }[]>;
  /** Gives back connections to the outside. */
  close(): Promise<void>;
}
