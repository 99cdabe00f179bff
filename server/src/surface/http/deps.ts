import type { Registry } from 'prom-client';
import type { Agenda } from '#flow/agenda';
import type { Connections } from '#flow/connection';
import type { FileIntake } from '#flow/file';
import type { Intake } from '#flow/intake';
import type { CsvMapping, Invoice, Notice, Unreadable } from '#flow/ledger';
import type { Notices } from '#flow/notice';
import type { OwnModels } from '#flow/plan';
import type { ToolCatalogue } from '#flow/tool';
import type { ToolServerReach } from '#flow/tool-server';
import type { Clock, Id, JsonObject, Logger } from '#kernel';
import type { Database, Tx } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import type { AccessLog } from '#trust/audit';
import type { Encryption } from '#trust/encryption';
import type { ClientAddress, Identity, SingleSignOn } from '#trust/identity';
import type { AuditorKey, InstallationKey, Keyring, TenantKeks, TenantKeys } from '#trust/key';
import type { Quotas, RequestLimits } from '#trust/quota';
import type { Registrations } from '#trust/registration';
import type { RotationDeps } from '#trust/rotation';
import type { VaultSearch } from '#trust/search';
import type { InSecretUnit, SecretResolver, SecretScope } from '#trust/secret';
import type { Files, VaultTrees } from '#trust/vault';
import type { Addresses } from './addresses.ts';

/** What the HTTP surface is given. */
export interface HttpDeps {
  readonly database: Database;
  readonly keyring: Keyring;
  /** Rotation, destruction and revocation of tenants' keys. */
  readonly encryption: Encryption;
  /** Who guards the keys of which tenant. */
  readonly keks: Pick<TenantKeks, 'change' | 'hasOwn'>;
  readonly identity: Identity;
  readonly singleSignOn: SingleSignOn;
  /** Mails invitations and links, if a mail server is set up. */
  readonly postman: Postman;
  /** What each tenant may use, and what it has used. */
  readonly quotas: Quotas;
  /** What each address, key and tenant may ask in a minute. */
  readonly requestLimits: RequestLimits;
  /** Knows which proxies to believe. */
  readonly clientAddress: ClientAddress;
  readonly intake: Intake;
  /** Tenants' ways to outside systems. */
  readonly connections: Connections;
  /** What people are told, where and when. */
  readonly notices: Pick<Notices, 'collect' | 'publicKey' | 'canMail' | 'tryOut'>;
  /** The door for files. */
  readonly fileIntake: Pick<FileIntake, 'take'>;
  /** Our own tools. */
  readonly catalogue: ToolCatalogue;
  /** Reaches the tool servers that tenants have plugged in. */
  readonly toolServers: ToolServerReach;
  /** The vault's files, whose content lies in the storage. */
  readonly vaultFiles: Files;
  /** The paths of vaults, in memory. */
  readonly vaultTrees: VaultTrees;
  /** Notes by their words. */
  readonly vaultSearch: VaultSearch;
  readonly accessLog: AccessLog;
  /** Lets `audit/verify` check every MAC, where the auditor has left that key here. */
  readonly auditor: AuditorKey;
  /** Signs certificates; its public key is shown with them. */
  readonly installation: InstallationKey;
  /** Tenants that people make for themselves. */
  readonly registrations: Registrations;
  /** Finds the values of secrets, and is told what has changed. */
  readonly secretResolver: Pick<SecretResolver, 'forget' | 'check'>;
  /** Who refers to each secret of a scope, by its name. */
  readonly secretUsers: (scope: SecretScope) => Promise<ReadonlyMap<string, readonly string[]>>;
  /** How secrets are renewed. */
  readonly rotation: RotationDeps;
  /** Reads the installation's own secrets. */
  readonly inSecretUnit: InSecretUnit;
  /** A tenant with its owner, whole or not at all. */
  readonly createTenant: (tenant: NewTenantRequest) => Promise<{ readonly id: Id<'tenant'>; readonly name: string }>;
  /** Tenants in one sealed file. */
  readonly archives: ArchivePort;
  /** The way of bank files and invoices into the ledger. */
  readonly ledger: LedgerPort;
  /** Calendars as they were last seen. */
  readonly agenda: Pick<Agenda, 'list' | 'people'>;
  /** Backups of the installation. */
  readonly backups: BackupPort;
  readonly clock: Clock;
  readonly log: Logger;
  /** Served at `/metrics`; our own request figures are added to it. */
  readonly metrics: Registry;
  /** Who is not on loopback needs this to read `/metrics`. */
  readonly metricsToken: string | undefined;
  /** Asked at each request: the port is known only once the server listens. */
  readonly addresses: () => Addresses;
  /** The built dashboard. Read once, at the start. */
  readonly webFolder: string;
  /** The model that plans what no playbook knows, null when there is none. */
  readonly plannerModel: string | null;
  /** Models that tenants have of their own. */
  readonly ownModels: OwnModels;
  /** Where the tenant's drop folder is, as shown to people. */
  readonly dropFolderOf: (tenant: { readonly id: Id<'tenant'>; readonly name: string }) => string;
  /** The demo in a tenant that has one. */
  readonly demo: DemoPort;
  /** Told of each answer: how long it took, in milliseconds, and its status. */
  readonly onAnswered?: (ms: number, status: number) => void;
  /** Called after a commit that a task waits for: somebody may want to look now. */
  readonly onRung: (tenantId: Id<'tenant'>) => void;
}

/** What the API does with the demo. */
export interface DemoPort {
  /** What of it is still here; null in a tenant without one. */
  read(
    tx: Tx,
    keys: TenantKeys,
  ): Promise<{
    readonly tasks: readonly string[];
    readonly approvals: readonly string[];
    readonly notes: readonly string[];
    readonly grants: readonly string[];
  } | null>;
  /** Takes all of it out. @throws FactotumError `demo.not_found`, `demo.busy`. */
  remove(
    tx: Tx,
    keys: TenantKeys,
    act: { readonly actor: string; readonly at: Date },
  ): Promise<{ readonly tasks: number; readonly notes: number; readonly grants: number; readonly kept: readonly string[] }>;
}

/** What the API does with archives. */
export interface ArchivePort {
  /** Adds the job that makes one. @throws FactotumError `request.invalid` for a passphrase that protects nothing. */
  request(
    keys: TenantKeys,
    ask: { readonly passphrase: string; readonly kind: 'copy' | 'whole'; readonly actor: string },
    inTransaction: <R>(work: (tx: Tx) => Promise<R>) => Promise<R>,
  ): Promise<Id<'job'>>;
  /** @throws FactotumError `job.not_found`, also while it is not ready. */
  fetch(tx: Tx, tenantId: Id<'tenant'>, jobId: string): Promise<AsyncIterable<Uint8Array>>;
  /** Keeps one that is sent and adds the job that takes it in. @throws FactotumError `archive.invalid` when it is none. */
  receive(source: AsyncIterable<Uint8Array>, passphrase: string, actor: string): Promise<Id<'job'>>;
}

/** What the API does with bank files and invoices, which connectors read. */
export interface LedgerPort {
  /** @throws FactotumError `ledger.unreadable`, `ledger.not_found`, `quota.exceeded`. */
  importBankFile(tenantId: Id<'tenant'>, name: string, bytes: Uint8Array, door: BankFileDoor): Promise<ImportedFile>;
  /** Null when no file waited. @throws FactotumError `ledger.not_found`, `ledger.unreadable`, `quota.exceeded`. */
  setMapping(tenantId: Id<'tenant'>, accountId: string, answer: MappingAnswer, door: BankFileDoor): Promise<ImportedFile | null>;
  /** @throws FactotumError `ledger.unreadable`, `document.unreadable`, `document.too_large`. */
  importInvoice(
    tenantId: Id<'tenant'>,
    name: string,
    bytes: Uint8Array,
    submittedBy: string,
  ): Promise<{ readonly invoice: Invoice; readonly created: boolean }>;
}

interface BankFileDoor {
  readonly channel: 'http' | 'command';
  readonly submittedBy: string;
  readonly accountId?: string | undefined;
}

interface MappingAnswer {
  readonly mapping: CsvMapping;
  readonly iban?: string | undefined;
  readonly currency?: string | undefined;
  readonly name?: string | undefined;
}

interface ImportedFile {
  readonly account: string;
  readonly accounts: readonly { readonly account: string; readonly added: number; readonly known: number }[];
  readonly added: number;
  readonly known: number;
  readonly matched: number;
  readonly unreadable: readonly Unreadable[];
  readonly notices: readonly Notice[];
  readonly needsMapping: {
    readonly account: string;
    readonly questions: readonly string[];
    readonly proposal: JsonObject;
    readonly sample: readonly (readonly string[])[];
  } | null;
}

/** What operators do with backups. */
export interface BackupPort {
  /** Newest first. */
  list(page: { readonly before: string | null; readonly limit: number }): Promise<readonly ListedBackup[]>;
  /** Where backups go, without anything secret, and when the next is due. */
  standing(): Promise<{
    readonly to: string | null;
    readonly keysTo: string | null;
    readonly isSetUp: boolean;
    readonly confirmedAt: string | null;
    readonly next: { readonly at: Date } | null;
  }>;
  /** Adds the job that makes one, or finds the one that is at it. @throws FactotumError `backup.conflict` where there is no place for it. */
  request(actor: string): Promise<Id<'job'>>;
  /** Adds the job that opens every piece of one. @throws FactotumError `backup.not_found`. */
  requestVerification(id: string, actor: string): Promise<Id<'job'>>;
}

export interface ListedBackup {
  readonly id: Id<'backup'>;
  readonly state: 'running' | 'done' | 'failed' | 'pruned';
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  readonly rows: number;
  readonly bytes: number;
  readonly newBytes: number;
  readonly verifiedAt: Date | null;
  readonly drilledAt: Date | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface NewTenantRequest {
  readonly name: string;
  readonly title?: string | undefined;
  readonly ownerEmail: string;
  readonly ownerName?: string | undefined;
  readonly actor: string;
}
