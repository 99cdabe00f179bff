import type { ClientAddressHeader, RateClass, Role } from './form.ts';

/** What the process runs with: read once, checked whole, frozen. Folders are as given, relative to the working directory. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string | undefined;
  readonly dataFolder: string;
  /** The address of the storage of large objects. */
  readonly storage: string;
  readonly dropFolder: string;
  readonly outboxFolder: string;
  readonly database: { readonly ownerUrl: string | undefined; readonly roleUrls: RoleUrls | undefined };
  readonly roles: readonly Role[];
  readonly demo: boolean;
  readonly workerSlots: number;
  /** Documents that are read at once. */
  readonly documentReaders: number;
  /** How much of notes' history is kept. */
  readonly noteHistory: { readonly versions: number; readonly days: number };
  readonly backup: BackupConfig;
  readonly tools: ToolsConfig;
  readonly logLevel: string;
  readonly metricsToken: string | undefined;
  readonly model: ModelConfig | undefined;
  readonly mail: MailConfig | undefined;
  /** Networks in CIDR notation. */
  readonly trustedProxies: readonly string[];
  readonly clientAddressHeader: ClientAddressHeader;
  /** Undefined: served over plain HTTP. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** How a request shows that it came through the edge; neither: it may come from anywhere. */
  readonly edge: { readonly clientCaFile: string | undefined; readonly secretFile: string | undefined };
  /** Open at once. */
  readonly connections: { readonly max: number; readonly perAddressMax: number };
  /** Requests a minute of one network address, where they differ from the defaults. */
  readonly rateLimits: Readonly<Partial<Record<RateClass, number>>>;
  /** Undefined: nobody makes a tenant for themselves. */
  readonly registration: RegistrationConfig | undefined;
  /** `host:port` of identity providers that may be called although private. */
  readonly ssoAllowHosts: readonly string[];
  /** `host:port` of models that tenants may have of their own although private. */
  readonly modelAllowHosts: readonly string[];
  readonly connectors: ConnectorsConfig;
  readonly keys: KeysConfig;
  /** How to sign in to Vault; undefined: not at all. */
  readonly vault: VaultLoginConfig | undefined;
  readonly secrets: SecretsConfig;
  /** The same configuration with these values in place of the references that its settings hold. @throws ConfigFaults. */
  readonly withValues: (values: Readonly<Record<string, string>>) => Config;
}
/** Values, or the files that they are in. */
export type VaultLoginConfig =
  | { readonly method: 'token'; readonly token: ValueOrFile }
  | { readonly method: 'approle'; readonly roleId: string; readonly secretId: ValueOrFile }
  | { readonly method: 'kubernetes'; readonly role: string };
export type ValueOrFile = { readonly value: string } | { readonly file: string };
/** Where secrets are, and which settings refer to some. */
export interface SecretsConfig {
  readonly references: readonly SettingReference[];
  /** Absolute. */
  readonly folders: readonly string[];
  /** Beginnings of references that tenants may use, with `{tenant}` in them. */
  readonly tenantStores: readonly string[];
  readonly vault: { readonly address: string; readonly namespace: string | undefined } | undefined;
  /** Who we are at Azure: the variables that Microsoft's own tools read. */
  readonly azure: Readonly<Record<string, string | undefined>>;
}
/** A setting that holds `secret://..` instead of a value. */
export interface SettingReference {
  readonly setting: string;
  readonly reference: string;
  /** Needed before the database is open. */
  readonly isEarly: boolean;
}
/** Connections of tenants to outside systems. */
export interface ConnectorsConfig {
  /** Names of packages, or absolute paths, that bring connectors beside our own. */
  readonly packages: readonly string[];
  /** Folders of this machine that a tenant, by its name or id, may watch. */
  readonly folders: readonly { readonly tenant: string; readonly path: string }[];
  /** `host:port` of servers that connections may lead to although private. */
  readonly allowHosts: readonly string[];
  /** Polls of one watcher under way at once, at most. */
  readonly pollsMax: number;
}
/** Who guards the tenants' keys. */
export interface KeysConfig {
  /** The address of the one who wraps, and of those who only open what they wrapped before. */
  readonly kek: string;
  readonly previous: readonly string[];
  readonly passphrase: ValueOrFile | undefined;
  /** `host:port` of key services that tenants may use although private. */
  readonly allowHosts: readonly string[];
  readonly cacheSeconds: number;
}
/** Who may make a tenant for themselves. */
export interface RegistrationConfig {
  /** Whether an operator decides about addresses in other domains; else they are refused. */
  readonly approval: boolean;
  /** Addresses here need nobody's approval. */
  readonly domains: readonly string[];
}
/** Where backups go and how long they stay. Undefined addresses: none are made. */
export interface BackupConfig {
  readonly to: string | undefined;
  readonly everyHours: number;
  readonly keepDays: number;
  readonly keysTo: string | undefined;
  readonly keysKeepDays: number;
}
/** Where tools run, if not in the process of the worker. */
export interface ToolsConfig {
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly url: string | undefined;
  /** Undefined: the internal CA issues certificates. */
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string } | undefined;
  readonly clients: readonly string[];
  /** MCP servers that tenants may run, as JSON. */
  readonly programs: string;
}
export interface MailConfig {
  readonly url: string;
  readonly from: string;
}
export interface RoleUrls {
  readonly app: string;
  readonly engine: string;
  readonly sequencer: string;
  readonly auth: string;
}
export interface ModelConfig {
  readonly provider: 'anthropic' | 'openai-compatible';
  readonly url: string | undefined;
  readonly name: string;
  readonly key: string | undefined;
  readonly timeoutMs: number;
}
