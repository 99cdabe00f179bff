import { userInfo } from 'node:os';
import type { Id, JsonObject } from '#kernel';
import type { Database } from '#kernel/database';
import type { Certificates } from '#trust/certificate';
import type { ApiKey, NewApiKey, Operator, TenantName } from '#trust/identity';
import type { Finding } from '../doctor/finding.ts';
import type { TenancyParts } from './tenant-life.ts';

/** What an audit log's examination came to. `fault` says what is wrong and where, when it does not hold. */
export interface AuditReport {
  readonly ok: boolean;
  readonly entries: number;
  readonly checkpointAt: string | null;
  readonly root: string | null;
  readonly fault?: string | undefined;
}

export interface NewTenantRequest {
  readonly name: string;
  readonly ownerEmail?: string | undefined;
  /** What differs from the defaults, by the names of the tenant's settings. */
  readonly settings: JsonObject;
  readonly actor: string;
}

/** What only the operator at the machine may do, handed in by the wiring: everything else goes through the API's own routes. */
export interface OperatorParts {
  readonly listTenants: () => Promise<readonly TenantName[]>;
  readonly findTenant: (nameOrId: string) => Promise<TenantName | null>;
  /** The tenant with its owner, whole or not at all. */
  readonly createTenant: (tenant: NewTenantRequest) => Promise<{ id: Id<'tenant'>; name: string }>;
  readonly createApiKey: (key: NewApiKey) => Promise<{ id: Id<'apiKey'>; key: string }>;
  readonly listApiKeys: (tenantId: Id<'tenant'>) => Promise<readonly ApiKey[]>;
  readonly revokeApiKey: (tenantId: Id<'tenant'>, id: Id<'apiKey'>) => Promise<boolean>;
  /** Another key signs tokens from now on, for all tenants; `endOld`: the earlier ones are accepted no more. */
  readonly rotateTokenKey: (options: { endOld: boolean; actor: string }) => Promise<{ kid: string; oldEndsAt: Date }>;
  /** The address with the one-time token in its fragment, for the owner or the member with that address. */
  readonly createSignInUrl: (tenantId: Id<'tenant'>, email?: string) => Promise<string>;
  /** Those who run the installation in the browser. `create` gives the address of a link that signs them in. */
  readonly operators: {
    readonly create: (operator: { email: string; name: string }) => Promise<{ id: Id<'user'>; url: string }>;
    readonly list: () => Promise<readonly Operator[]>;
    readonly remove: (emailOrId: string) => Promise<Id<'user'> | null>;
  };
  /** Sets limits of the tenant's quotas, audited; null for the default again. @throws FactotumError `request.invalid`. */
  readonly setQuotas: (tenantId: Id<'tenant'>, limits: JsonObject, actor: string) => Promise<void>;
  /** Leaves an entry in the tenant's audit log, in a transaction of its own; resolves when it is durable. */
  readonly record: (tenantId: Id<'tenant'>, entry: OperatorEntry) => Promise<void>;
  readonly verifyAuditLog: (tenantId: Id<'tenant'>) => Promise<AuditReport>;
  /** Lines of the export file, in order, each ended. */
  readonly exportAuditLog: (tenantId: Id<'tenant'>) => AsyncIterable<string>;
  /** Tenants in one sealed file, and their moves. */
  readonly archives: OperatorArchives;
  /** The internal CA. */
  readonly certificates: Pick<Certificates, 'status' | 'rotate' | 'issue' | 'revoke'>;
  /** Backups of the installation and of its keys. */
  readonly backups: OperatorBackups;
  /** The installation's own secrets, and how those of everybody are. */
  readonly secrets: OperatorSecrets;
  readonly database: Database;
  /** The logins that this process made in the database. `madeAt`: when their passwords were made; null when they are not ours. */
  readonly logins: { readonly rotate: () => Promise<readonly string[]>; readonly madeAt: () => Promise<Date | null> };
  /** What the life of tenants needs. */
  readonly tenancy: TenancyParts;
  /** Names of migrations that this release has and the database lacks; null when this process has no login that may see. */
  readonly pendingMigrations: () => Promise<readonly string[] | null>;
  /** Where the API listens; null while only a command runs. */
  readonly address: () => string | null;
}

/** What the operator does with archives. Each of the streams is to be read to its end: who breaks off has no archive. */
export interface OperatorArchives {
  stream(ask: { readonly tenantId: Id<'tenant'>; readonly passphrase: string; readonly kind: 'copy' | 'whole' }): AsyncIterable<Uint8Array>;
  /** Stops the tenant and makes the archive that it moves with. */
  depart(ask: { readonly tenantId: Id<'tenant'>; readonly passphrase: string; readonly actor: string }): AsyncIterable<Uint8Array>;
  callOff(tenantId: Id<'tenant'>, actor: string): Promise<void>;
  /** Lets go of a tenant. @returns the release, as text. */
  finish(tenantId: Id<'tenant'>, actor: string, to: string): Promise<string>;
  /** Takes an archive in; the tenant rests until it is released. */
  take(source: AsyncIterable<Uint8Array>, passphrase: string): Promise<TakenArchive>;
  /** @param release - null when the operator answers for it that the other side is gone */
  arrive(tenantId: Id<'tenant'>, actor: string, release: string | null): Promise<void>;
}

/** What the operator does with backups. Every method throws `backup.conflict`, with the fix, where there is no place for them. */
export interface OperatorBackups {
  /** @returns the text of the recovery key, which is nowhere else. */
  setUp(again: boolean): Promise<string>;
  confirm(typed: string): Promise<void>;
  create(
    onProgress: (progress: BackupProgress) => Promise<void>,
  ): Promise<BackupProgress & { readonly id: string; readonly keysId: string | null }>;
  verify(
    id: string,
    options: { deep: boolean; onChunk: (chunks: number) => Promise<void> },
  ): Promise<Examined & { readonly madeAt: string | null; tables: number; chunks: number; blobs: number; deep: boolean }>;
  drill(id: string, onRows: (rows: number) => Promise<void>): Promise<Examined & { logs: number; entries: number; seconds: number }>;
  prune(): Promise<{ readonly backups: readonly string[]; objects: number; bytes: number }>;
  keys(): Promise<{ id: string; tenants: number; files: number }>;
  newestId(): Promise<string>;
  list(page: { before: string | null; limit: number }): Promise<readonly unknown[]>;
  places(): Promise<{ to: string | null; keysTo: string | null; isSetUp: boolean; confirmedAt: string | null; keys: number }>;
}

interface BackupProgress {
  readonly rows: number;
  readonly bytes: number;
  readonly newBytes: number;
}

interface Examined {
  readonly id: string;
  readonly ok: boolean;
  readonly faults: readonly string[];
  readonly rows: number;
}

export interface TakenArchive {
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  readonly rows: number;
  readonly logSize: number;
  readonly identity: { readonly people: number; readonly met: readonly unknown[] };
}

/** What the operator does with secrets. Values go in; none comes out. */
export interface OperatorSecrets {
  /** As the API shows a tenant's. */
  list(): Promise<readonly ListedSecret[]>;
  /** Makes it, or gives it a new value. @throws FactotumError `secret.*`, `request.invalid`. */
  set(secret: SetSecret, actor: string): Promise<{ readonly id: string; readonly version: number }>;
  /** Orders a new value. @throws FactotumError `secret.not_found`, `secret.changed`, `request.invalid`. */
  rotate(
    name: string,
    wish: { readonly value?: string | undefined; readonly graceMs: number },
    actor: string,
  ): Promise<{ readonly jobId: string }>;
  /** @throws FactotumError `secret.not_found`, `secret.in_use`. */
  remove(name: string, actor: string): Promise<void>;
  /** Keeps values that lay in clear, and reads each back: all of them or none. They are due to be replaced at once. */
  take(
    items: readonly { readonly name: string; readonly value: string }[],
    actor: string,
  ): Promise<readonly { readonly name: string; readonly version: number }[]>;
  /** What does not resolve, what is due to be replaced, and what stands on the command line of this process. */
  examine(): Promise<readonly Finding[]>;
}
export interface SetSecret {
  readonly name: string;
  readonly kind?: string | undefined;
  readonly value?: string | undefined;
  readonly reference?: string | undefined;
  readonly rotateAfterDays?: number | undefined;
}
export interface ListedSecret {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly store: string;
  readonly version: number;
  readonly rotateAfter: string | null;
  readonly lastUsedAt: string | null;
  readonly usedBy: readonly string[];
  readonly state: 'current' | 'due';
}

export interface OperatorEntry {
  readonly kind: 'key.created' | 'key.revoked' | 'audit.exported' | 'tenant.exported' | 'operator.command';
  readonly actor: string;
  readonly objectId?: string;
  /** Ids, names of commands and counts; never content. */
  readonly detail?: JsonObject;
}

/** The name of the operating system's user who runs this process; their number, in places where numbers have no names. */
export function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
