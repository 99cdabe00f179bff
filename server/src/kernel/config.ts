import { isIP } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { registerSecret } from '#kernel/redact';

/** One setting: the schema says what is accepted, the rest is what a person reads. */
interface Setting {
  readonly schema: z.ZodType;
  readonly fallback: string;
  readonly unit: string;
  readonly about: string;
}

const text = z.string().min(1);
const url = (protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `must be a URL starting with ${protocols.join(' or ')}//`,
    );
const postgresUrl = url(['postgres:', 'postgresql:']);
const items = z.string().transform((value) => value.split(',').map((item) => item.trim()));
const network = z.string().refine(isNetwork, 'must be networks like 10.0.0.0/8 or 2001:db8::/32, several with commas');
const rateClasses = ['sign-in', 'read', 'write', 'intake', 'export'] as const;
const rate = z
  .string()
  .regex(
    new RegExp(`^(${rateClasses.join('|')})=[1-9]\\d{0,8}$`),
    `must be like read=60000, several with commas; classes: ${rateClasses.join(', ')}`,
  )
  // The pattern has just been matched: a class and a number.
  .transform((text) => [text.split('=')[0] as RateClass, Number(text.split('=')[1])] as const);
const hosts = z
  .string()
  .transform((value) => value.split(',').map((host) => host.trim().toLowerCase()))
  .pipe(z.array(z.string().regex(/^(\[[0-9a-f:]+\]|[a-z0-9.-]+):\d{1,5}$/, 'must be host:port, several with commas')));
const secretPlace = z
  .string()
  .regex(
    /^(vault|aws|azure)\/.*\{tenant\}.*\/$/,
    'must be like vault/kv/tenants/{tenant}/: a store, a place with {tenant} in it, a slash at the end',
  );
const kekAddress = z
  .string()
  .regex(
    /^(local|passphrase|aws-kms|azure-key-vault|gcp-kms|vault-transit|pkcs11):/,
    'must begin with local:, passphrase:, aws-kms:, azure-key-vault:, gcp-kms:, vault-transit: or pkcs11:',
  );
const flag = z.enum(['0', '1']).transform((value) => value === '1');
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));
const roleNames = ['api', 'worker', 'watcher', 'tools'] as const;
const clientAddressHeaders = ['x-forwarded-for', 'cf-connecting-ip', 'x-real-ip'] as const;

const settings = {
  FACTOTUM_PORT: {
    schema: whole(0, 65_535),
    fallback: '4310',
    unit: 'port',
    about: 'Where the dashboard and the API listen. 0 takes a free port.',
  },
  FACTOTUM_HOST: {
    schema: text,
    fallback: '127.0.0.1',
    unit: 'address',
    about: 'The address to listen on. Loopback by default: put TLS in front before opening it.',
  },
  FACTOTUM_DATA: {
    schema: text,
    fallback: './data',
    unit: 'folder',
    about: 'Database, keys and run files. Everything in it but the keys is sealed.',
  },
  FACTOTUM_STORAGE: {
    schema: text.optional(),
    fallback: '',
    unit: 'address',
    about:
      'Where large objects lie, sealed: a folder, or s3://bucket/prefix with ?endpoint=, region=, path-style=. All processes need the same one. Empty: blobs in FACTOTUM_DATA.',
  },
  FACTOTUM_DROP: {
    schema: text,
    fallback: './drop',
    unit: 'folder',
    about: 'Watched folder, one sub-folder a tenant. A dropped file is deleted once its event is committed.',
  },
  FACTOTUM_OUTBOX: {
    schema: text,
    fallback: './outbox',
    unit: 'folder',
    about: 'Where mail and payment files are written for tenants that ask for files.',
  },
  FACTOTUM_DATABASE_URL: {
    schema: postgresUrl.optional(),
    fallback: '',
    unit: 'URL',
    about: "The owner's login of an outside PostgreSQL (15 or later), used only to prepare it. Empty: the embedded one.",
  },
  FACTOTUM_DATABASE_APP_URL: {
    schema: postgresUrl.optional(),
    fallback: '',
    unit: 'URL',
    about: 'Login of the role factotum_app, for processes that never see the owner.',
  },
  FACTOTUM_DATABASE_ENGINE_URL: { schema: postgresUrl.optional(), fallback: '', unit: 'URL', about: 'Login of the role factotum_engine.' },
  FACTOTUM_DATABASE_SEQUENCER_URL: {
    schema: postgresUrl.optional(),
    fallback: '',
    unit: 'URL',
    about: 'Login of the role factotum_sequencer.',
  },
  FACTOTUM_DATABASE_AUTH_URL: { schema: postgresUrl.optional(), fallback: '', unit: 'URL', about: 'Login of the role factotum_auth.' },
  FACTOTUM_ROLES: {
    schema: z
      .string()
      .transform((value) => value.split(',').map((role) => role.trim()))
      .pipe(z.array(z.enum(roleNames)).min(1)),
    fallback: 'api,worker,watcher,tools',
    unit: 'list',
    about: 'What this process does. One process can do everything; in a cluster each does one thing.',
  },
  FACTOTUM_DEMO: {
    schema: flag.optional(),
    fallback: '',
    unit: '0 or 1',
    about: 'Whether a new data folder gets the demo tenant. Empty: yes with the embedded database, else no.',
  },
  FACTOTUM_PUBLIC_URL: {
    schema: url(['http:', 'https:']).optional(),
    fallback: '',
    unit: 'URL',
    about: 'The address people use, when it differs from host and port. Decides accepted origins and secure cookies.',
  },
  FACTOTUM_TRUSTED_PROXIES: {
    schema: items.pipe(z.array(network)).optional(),
    fallback: '',
    unit: 'networks',
    about:
      'Reverse proxies in front, in CIDR notation: from these alone X-Forwarded-For is believed, for address lists and limits. Empty: from nobody.',
  },
  FACTOTUM_CLIENT_ADDRESS_HEADER: {
    schema: z.enum(clientAddressHeaders),
    fallback: 'x-forwarded-for',
    unit: 'name',
    about: 'Where trusted proxies say who the client is: x-forwarded-for, or cf-connecting-ip or x-real-ip, which hold one address.',
  },
  FACTOTUM_TLS_CERT: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about:
      'Certificate chain in PEM, to serve HTTPS without anything in front. Needs FACTOTUM_TLS_KEY; a changed file is taken over without a restart.',
  },
  FACTOTUM_TLS_KEY: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about: 'Private key in PEM that belongs to the certificate. Nobody but its owner and its group may read the file.',
  },
  FACTOTUM_EDGE_CA: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about:
      'Certificate authority in PEM: only requests over connections that show a client certificate of it are served. Needs FACTOTUM_TLS_CERT.',
  },
  FACTOTUM_EDGE_SECRET_FILE: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about:
      'Secrets, one a line: only requests are served whose header x-factotum-edge is one of them. A changed file is taken over without a restart.',
  },
  FACTOTUM_CONNECTIONS: {
    schema: whole(64, 1_000_000),
    fallback: '10000',
    unit: 'connections',
    about:
      'Open at once in one process, each about 20 KB. Above it the one that has been idle longest is closed. Not above the limit of open files.',
  },
  FACTOTUM_CONNECTIONS_PER_ADDRESS: {
    schema: whole(1, 1_000_000),
    fallback: '256',
    unit: 'connections',
    about: 'Open at once from one network address. Loopback and trusted proxies are exempt: behind them it bounds WebSockets alone.',
  },
  FACTOTUM_RATE_LIMITS: {
    schema: items.pipe(z.array(rate)).optional(),
    fallback: '',
    unit: 'requests a minute',
    about: 'Limits of one network address by class of route, where they differ from docs/rate-limits.md: sign-in=120,read=60000.',
  },
  FACTOTUM_MAIL_URL: {
    schema: url(['smtp:', 'smtps:']).optional(),
    fallback: '',
    unit: 'URL',
    about:
      'The server that sends invitations and sign-in links, like smtps://user:password@mail.example. Empty: links are shown to whoever makes them.',
  },
  FACTOTUM_MAIL_FROM: {
    schema: z.email().optional(),
    fallback: '',
    unit: 'address',
    about: 'The sender of what the installation itself mails. Needed with FACTOTUM_MAIL_URL.',
  },
  FACTOTUM_SSO_ALLOW_HOSTS: {
    schema: hosts.optional(),
    fallback: '',
    unit: 'list',
    about:
      'Identity providers, as host:port, that tenants may use although they are in a private network, and without TLS. Empty: public ones alone.',
  },
  FACTOTUM_REGISTRATION: {
    schema: z
      .string()
      .transform((value) => value.split(',').map((item) => item.trim().toLowerCase()))
      .pipe(
        z.array(
          z.string().regex(/^(?:off|approval|(?:[a-z0-9-]+\.)+[a-z0-9-]{2,})$/, 'must be off, approval, or domains like example.com'),
        ),
      ),
    fallback: 'off',
    unit: 'list',
    about:
      'Who may make a tenant for themselves, from an address that they prove to be theirs. off: nobody. approval: everybody, once an operator approves. Domains, like example.com: addresses there, at once. Both can be combined with a comma. Needs FACTOTUM_MAIL_URL.',
  },
  FACTOTUM_WORKER_SLOTS: {
    schema: whole(1, 1_000),
    fallback: '64',
    unit: 'tasks',
    about: 'Tasks one process works on at once. Waiting tasks take none.',
  },
  FACTOTUM_BACKUP_TO: {
    schema: text.optional(),
    fallback: '',
    unit: 'address',
    about: 'Where backups go: a folder, or s3://bucket/prefix. Not inside the data folder. Empty: no backups.',
  },
  FACTOTUM_BACKUP_EVERY_HOURS: {
    schema: whole(0, 744),
    fallback: '24',
    unit: 'hours',
    about: 'How often a backup is made by itself, once there is a place for it and `factotum backup setup` has been run. 0: never.',
  },
  FACTOTUM_BACKUP_KEEP_DAYS: {
    schema: whole(1, 3_650),
    fallback: '30',
    unit: 'days',
    about: 'How long a backup is kept. The newest is always kept.',
  },
  FACTOTUM_KEY_BACKUP_TO: {
    schema: text.optional(),
    fallback: '',
    unit: 'address',
    about:
      'Where the keys are backed up to, apart from the data: another place than FACTOTUM_BACKUP_TO. Empty: keys are not backed up, and without them a backup opens nothing.',
  },
  FACTOTUM_KEY_BACKUP_KEEP_DAYS: {
    schema: whole(1, 3_650),
    fallback: '30',
    unit: 'days',
    about: 'How long a backup of the keys is kept: for so long an erased tenant could still be brought back.',
  },
  FACTOTUM_TOOLS_LISTEN: {
    schema: z
      .string()
      .regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'must be host:port')
      .transform(hostAndPort)
      .optional(),
    fallback: '',
    unit: 'host:port',
    about:
      'Where a process with the role tools serves them to workers elsewhere, by mutual TLS (docs/mtls.md). Empty: tools run in the process of the worker.',
  },
  FACTOTUM_TOOLS_URL: {
    schema: url(['https:']).optional(),
    fallback: '',
    unit: 'URL',
    about: 'Where a worker finds the process that serves tools. Empty: tools run in the process of the worker.',
  },
  FACTOTUM_TOOLS_CERT: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about:
      'Certificate chain in PEM, for one end of the connection between workers and tools. With FACTOTUM_TOOLS_KEY and FACTOTUM_TOOLS_CA; changed files are taken over. Empty: the internal CA issues them.',
  },
  FACTOTUM_TOOLS_KEY: { schema: text.optional(), fallback: '', unit: 'file', about: 'Private key of FACTOTUM_TOOLS_CERT in PEM.' },
  FACTOTUM_TOOLS_CA: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about: 'Certificate authorities in PEM that the other end of that connection must come from.',
  },
  FACTOTUM_TOOLS_CLIENTS: {
    schema: items.pipe(z.array(text)).optional(),
    fallback: '',
    unit: 'names',
    about:
      "Names (URI or DNS), one of which a worker's certificate must carry, where certificates come from files. Needed with FACTOTUM_TOOLS_LISTEN then.",
  },
  FACTOTUM_SECRET_FOLDERS: {
    schema: items.pipe(z.array(z.string().regex(/^\/[^\0]+$/, 'must be absolute paths, several with commas'))),
    fallback: '/run/secrets,/run/credentials,/var/run/secrets',
    unit: 'folders',
    about:
      'Where mounted secrets are read from (secret://file/...): nothing outside these folders is. systemd, Docker and Kubernetes mount here.',
  },
  FACTOTUM_SECRET_STORES: {
    schema: items.pipe(z.array(secretPlace)).optional(),
    fallback: '',
    unit: 'list',
    about:
      "Where tenants may refer to secrets besides their own, like vault/kv/tenants/{tenant}/. The tenant's id stands where {tenant} does. Empty: nowhere.",
  },
  FACTOTUM_VAULT_URL: {
    schema: url(['https:', 'http:']).optional(),
    fallback: '',
    unit: 'URL',
    about: 'HashiCorp Vault or OpenBao that secret://vault/... refers to, like https://vault.example:8200.',
  },
  FACTOTUM_VAULT_NAMESPACE: { schema: text.optional(), fallback: '', unit: 'name', about: 'The namespace there, where it has some.' },
  FACTOTUM_VAULT_TOKEN: {
    schema: text.optional(),
    fallback: '',
    unit: 'secret',
    about: 'A token to sign in to Vault with. Better is its file, or a way of signing in that makes tokens.',
  },
  FACTOTUM_VAULT_TOKEN_FILE: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about: 'The file with that token, read again at each sign-in: what Vault Agent writes.',
  },
  FACTOTUM_VAULT_ROLE_ID: { schema: text.optional(), fallback: '', unit: 'id', about: 'The role id of AppRole, to sign in to Vault with.' },
  FACTOTUM_VAULT_SECRET_ID: {
    schema: text.optional(),
    fallback: '',
    unit: 'secret',
    about: 'The secret id of that role. Better is its file.',
  },
  FACTOTUM_VAULT_SECRET_ID_FILE: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about: 'The file with that secret id, read again at each sign-in.',
  },
  FACTOTUM_VAULT_KUBERNETES_ROLE: {
    schema: text.optional(),
    fallback: '',
    unit: 'name',
    about: "The role that Vault gives to our pod, by the service account's token that Kubernetes mounts.",
  },
  FACTOTUM_KEK: {
    schema: kekAddress,
    fallback: 'local:',
    unit: 'address',
    about:
      "Who guards the tenants' keys, as docs/encryption/providers.md lists them: a file (local:), a passphrase, a key service, an HSM. Set it before there is data, or name the former one in FACTOTUM_KEK_PREVIOUS.",
  },
  FACTOTUM_KEK_PREVIOUS: {
    schema: items.pipe(z.array(kekAddress)).optional(),
    fallback: '',
    unit: 'list',
    about: 'Addresses that guarded keys before and still open them, until the command key rewrap has wrapped every key anew.',
  },
  FACTOTUM_KEK_PASSPHRASE: {
    schema: text.optional(),
    fallback: '',
    unit: 'secret',
    about: 'The passphrase of passphrase:, at least 12 characters. Better is its file.',
  },
  FACTOTUM_KEK_PASSPHRASE_FILE: { schema: text.optional(), fallback: '', unit: 'file', about: 'The file with that passphrase.' },
  FACTOTUM_KEK_ALLOW_HOSTS: {
    schema: items
      .pipe(z.array(z.string().regex(/^(\[[0-9a-f:]+\]|[a-z0-9.-]+):\d{1,5}$/, 'must be host:port, several with commas')))
      .optional(),
    fallback: '',
    unit: 'list',
    about:
      'Key services, as host:port, that tenants may guard their keys with although they are in a private network. Empty: public ones alone.',
  },
  FACTOTUM_KEY_CACHE_SECONDS: {
    schema: whole(1, 86_400),
    fallback: '300',
    unit: 'seconds',
    about:
      "How long a tenant's keys stay in memory. So long a key service may be away without anybody noticing, and so long a key that was taken away there still counts.",
  },
  FACTOTUM_LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    fallback: 'warn',
    unit: 'level',
    about: 'How much is logged to standard error, as JSON lines.',
  },
  FACTOTUM_METRICS_TOKEN: {
    schema: z.string().min(16, 'must have at least 16 characters').optional(),
    fallback: '',
    unit: 'secret',
    about: 'Lets a scraper that is not on loopback read /metrics.',
  },
  FACTOTUM_MODEL_PROVIDER: {
    schema: z.enum(['anthropic', 'openai-compatible', 'none']).optional(),
    fallback: '',
    unit: 'name',
    about: 'Who plans what no playbook knows. Empty: anthropic when its key is set, else none.',
  },
  FACTOTUM_MODEL_URL: {
    schema: url(['http:', 'https:']).optional(),
    fallback: '',
    unit: 'URL',
    about: 'Base address of the model endpoint. Needed for openai-compatible.',
  },
  FACTOTUM_MODEL_NAME: { schema: text.optional(), fallback: '', unit: 'name', about: 'The model to ask. Needed for openai-compatible.' },
  FACTOTUM_MODEL_KEY: { schema: text.optional(), fallback: '', unit: 'secret', about: 'Key of the model endpoint.' },
  FACTOTUM_MODEL_TIMEOUT_SECONDS: {
    schema: whole(1, 3_600),
    fallback: '60',
    unit: 'seconds',
    about: 'How long one answer of the model may take. Models on a machine without a graphics card need minutes.',
  },
  FACTOTUM_MODEL_ALLOW_HOSTS: {
    schema: hosts.optional(),
    fallback: '',
    unit: 'list',
    about: 'Models, as host:port, that tenants may use as their own although they are in a private network. Empty: public ones alone.',
  },
  ANTHROPIC_API_KEY: {
    schema: text.optional(),
    fallback: '',
    unit: 'secret',
    about: 'Key for Anthropic, if FACTOTUM_MODEL_KEY is not set.',
  },
} as const satisfies Record<string, Setting>;

/**
 * Settings that may refer to a secret instead of holding it. `early`: needed before the database is open, so the secret cannot lie in it.
 */
const referring: Readonly<Record<string, 'early' | 'late'>> = {
  FACTOTUM_DATABASE_URL: 'early',
  FACTOTUM_DATABASE_APP_URL: 'early',
  FACTOTUM_DATABASE_ENGINE_URL: 'early',
  FACTOTUM_DATABASE_SEQUENCER_URL: 'early',
  FACTOTUM_DATABASE_AUTH_URL: 'early',
  FACTOTUM_MAIL_URL: 'late',
  FACTOTUM_METRICS_TOKEN: 'late',
  FACTOTUM_MODEL_KEY: 'late',
  ANTHROPIC_API_KEY: 'late',
} satisfies Partial<Record<keyof Settings, 'early' | 'late'>>;

type Settings = typeof settings;
type Values = { readonly [K in keyof Settings]: z.output<Settings[K]['schema']> };
export type Role = (typeof roleNames)[number];
/** What a request is about, as its limits see it. */
export type RateClass = (typeof rateClasses)[number];
/** Where a trusted proxy says who the client is. */
export type ClientAddressHeader = (typeof clientAddressHeaders)[number];

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
interface ToolsConfig {
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly url: string | undefined;
  /** Undefined: the internal CA issues certificates. */
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string } | undefined;
  readonly clients: readonly string[];
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

/** All that is wrong with the configuration, each fault with its setting's name and the fix. The process ends with code 78. */
export class ConfigFaults extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigFaults';
    this.faults = faults;
  }
}

/** The default model per provider; Anthropic only, because nobody can guess what an own endpoint serves. */
const anthropicModel = 'claude-sonnet-5-5';

/**
 * Reads the configuration from environment variables. An empty variable counts as not set.
 *
 * @throws ConfigFaults with every fault at once, unknown FACTOTUM_ names included: a misspelt setting would otherwise do nothing, silently.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  const references: SettingReference[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const given = environment[name] === '' ? undefined : environment[name];
    const refers = referring[name];
    if (given !== undefined && refers !== undefined) {
      // What it refers to is checked once it is known.
      if (given.startsWith('secret://')) {
        references.push({ setting: name, reference: given, isEarly: refers === 'early' });
        values[name] = given;
        continue;
      }
      registerSecret(given);
    }
    const answer = setting.schema.safeParse(given ?? (setting.fallback === '' ? undefined : setting.fallback));
    if (answer.success) values[name] = answer.data;
    else faults.push(`${name}: ${answer.error.issues.map((issue) => issue.message).join('; ')}. ${setting.about}`);
  }
  for (const name of Object.keys(environment))
    if (name.startsWith('FACTOTUM_') && !(name in settings) && !forTests.test(name))
      faults.push(`${name}: there is no such setting. Remove it or correct its name; docs/settings.md lists them.`);
  // Every setting has been parsed by its own schema, or there is a fault and the values are not used.
  const assembled = faults.length === 0 ? assemble(values as Values, faults) : undefined;
  if (assembled === undefined || faults.length > 0) throw new ConfigFaults(faults);
  const azure = Object.fromEntries(Object.entries(environment).filter(([name]) => /^(AZURE|IDENTITY)_/.test(name)));
  const config: Config = {
    ...assembled,
    secrets: { ...assembled.secrets, references, azure },
    withValues: (given) => readConfig({ ...environment, ...given }),
  };
  return Object.freeze(config);
}

/** Names that our own tests use beside the settings. */
const forTests = /^FACTOTUM_(TEST_\w+|FIXTURES)$/;

type Assembled = Omit<Config, 'withValues' | 'secrets'> & { readonly secrets: Omit<SecretsConfig, 'references' | 'azure'> };

function assemble(values: Values, faults: string[]): Assembled {
  const {
    FACTOTUM_DATABASE_APP_URL: app,
    FACTOTUM_DATABASE_ENGINE_URL: engine,
    FACTOTUM_DATABASE_SEQUENCER_URL: sequencer,
    FACTOTUM_DATABASE_AUTH_URL: auth,
  } = values;
  const roleUrls = app && engine && sequencer && auth ? { app, engine, sequencer, auth } : undefined;
  if (!roleUrls && (app || engine || sequencer || auth))
    faults.push('FACTOTUM_DATABASE_*_URL: set all four of APP, ENGINE, SEQUENCER and AUTH, or none.');
  return {
    port: values.FACTOTUM_PORT,
    host: values.FACTOTUM_HOST,
    publicUrl: values.FACTOTUM_PUBLIC_URL,
    dataFolder: values.FACTOTUM_DATA,
    storage: values.FACTOTUM_STORAGE ?? join(values.FACTOTUM_DATA, 'blobs'),
    dropFolder: values.FACTOTUM_DROP,
    outboxFolder: values.FACTOTUM_OUTBOX,
    database: { ownerUrl: values.FACTOTUM_DATABASE_URL, roleUrls },
    roles: values.FACTOTUM_ROLES,
    demo: values.FACTOTUM_DEMO ?? (values.FACTOTUM_DATABASE_URL === undefined && roleUrls === undefined),
    workerSlots: values.FACTOTUM_WORKER_SLOTS,
    backup: backupFrom(values, faults),
    tools: toolsFrom(values, faults),
    logLevel: values.FACTOTUM_LOG_LEVEL,
    metricsToken: values.FACTOTUM_METRICS_TOKEN,
    model: modelFrom(values, faults),
    mail: mailFrom(values, faults),
    trustedProxies: values.FACTOTUM_TRUSTED_PROXIES ?? [],
    clientAddressHeader: values.FACTOTUM_CLIENT_ADDRESS_HEADER,
    tls: tlsFrom(values, faults),
    edge: { clientCaFile: values.FACTOTUM_EDGE_CA, secretFile: values.FACTOTUM_EDGE_SECRET_FILE },
    connections: { max: values.FACTOTUM_CONNECTIONS, perAddressMax: values.FACTOTUM_CONNECTIONS_PER_ADDRESS },
    rateLimits: Object.fromEntries(values.FACTOTUM_RATE_LIMITS ?? []),
    registration: registrationFrom(values, faults),
    ssoAllowHosts: values.FACTOTUM_SSO_ALLOW_HOSTS ?? [],
    modelAllowHosts: values.FACTOTUM_MODEL_ALLOW_HOSTS ?? [],
    vault: vaultLoginFrom(values, faults),
    keys: keysFrom(values, faults),
    secrets: {
      folders: values.FACTOTUM_SECRET_FOLDERS,
      tenantStores: values.FACTOTUM_SECRET_STORES ?? [],
      vault:
        values.FACTOTUM_VAULT_URL === undefined
          ? undefined
          : { address: values.FACTOTUM_VAULT_URL, namespace: values.FACTOTUM_VAULT_NAMESPACE },
    },
  };
}

function keysFrom(values: Values, faults: string[]): KeysConfig {
  const { FACTOTUM_KEK: kek, FACTOTUM_KEK_PASSPHRASE: text, FACTOTUM_KEK_PASSPHRASE_FILE: file } = values;
  const previous = values.FACTOTUM_KEK_PREVIOUS ?? [];
  const passphrase = valueOrFile('FACTOTUM_KEK_PASSPHRASE', text, file, faults);
  if (passphrase === undefined && [kek, ...previous].includes('passphrase:'))
    faults.push('FACTOTUM_KEK_PASSPHRASE_FILE: passphrase: guards the keys, so name the file with the passphrase.');
  return { kek, previous, passphrase, allowHosts: values.FACTOTUM_KEK_ALLOW_HOSTS ?? [], cacheSeconds: values.FACTOTUM_KEY_CACHE_SECONDS };
}

function vaultLoginFrom(values: Values, faults: string[]): VaultLoginConfig | undefined {
  const token = valueOrFile('FACTOTUM_VAULT_TOKEN', values.FACTOTUM_VAULT_TOKEN, values.FACTOTUM_VAULT_TOKEN_FILE, faults);
  const secretId = valueOrFile('FACTOTUM_VAULT_SECRET_ID', values.FACTOTUM_VAULT_SECRET_ID, values.FACTOTUM_VAULT_SECRET_ID_FILE, faults);
  const { FACTOTUM_VAULT_ROLE_ID: roleId, FACTOTUM_VAULT_KUBERNETES_ROLE: role } = values;
  if ((roleId === undefined) !== (secretId === undefined))
    faults.push('FACTOTUM_VAULT_ROLE_ID: set it together with FACTOTUM_VAULT_SECRET_ID_FILE, or neither.');
  const logins: VaultLoginConfig[] = [
    ...(token === undefined ? [] : [{ method: 'token', token } as const]),
    ...(roleId === undefined || secretId === undefined ? [] : [{ method: 'approle', roleId, secretId } as const]),
    ...(role === undefined ? [] : [{ method: 'kubernetes', role } as const]),
  ];
  if (logins.length > 1)
    faults.push('FACTOTUM_VAULT_TOKEN: there are several ways to sign in to Vault. Keep one: token, AppRole or Kubernetes.');
  return logins[0];
}

function valueOrFile(name: string, value: string | undefined, file: string | undefined, faults: string[]): ValueOrFile | undefined {
  if (value !== undefined && file !== undefined) faults.push(`${name}: it is set, and ${name}_FILE as well. Keep the file.`);
  if (value !== undefined) registerSecret(value);
  return value !== undefined ? { value } : file !== undefined ? { file } : undefined;
}

function registrationFrom(
  { FACTOTUM_REGISTRATION: items, FACTOTUM_MAIL_URL: mail }: Values,
  faults: string[],
): RegistrationConfig | undefined {
  if (items.length === 1 && items[0] === 'off') return undefined;
  if (items.includes('off')) faults.push('FACTOTUM_REGISTRATION: off stands alone. Remove it, or everything else.');
  if (mail === undefined) faults.push('FACTOTUM_REGISTRATION: set FACTOTUM_MAIL_URL as well; without mail no address can be proved.');
  return { approval: items.includes('approval'), domains: items.filter((item) => item !== 'approval') };
}

function tlsFrom(values: Values, faults: string[]): Config['tls'] {
  const { FACTOTUM_TLS_CERT: certificateFile, FACTOTUM_TLS_KEY: keyFile, FACTOTUM_PUBLIC_URL: publicUrl } = values;
  if (certificateFile === undefined && keyFile === undefined) {
    if (values.FACTOTUM_EDGE_CA !== undefined)
      faults.push('FACTOTUM_EDGE_CA: set FACTOTUM_TLS_CERT and FACTOTUM_TLS_KEY as well; without TLS nobody shows a certificate.');
    return undefined;
  }
  if (publicUrl !== undefined && new URL(publicUrl).protocol !== 'https:')
    faults.push('FACTOTUM_PUBLIC_URL: begin it with https://, or remove FACTOTUM_TLS_CERT and FACTOTUM_TLS_KEY.');
  if (certificateFile !== undefined && keyFile !== undefined) return { certificateFile, keyFile };
  faults.push('FACTOTUM_TLS_CERT: set it together with FACTOTUM_TLS_KEY, or neither.');
  return undefined;
}

/** An address and how many of its bits count. */
function isNetwork(text: string): boolean {
  const [base = '', bits = '', ...rest] = text.split('/');
  const family = isIP(base);
  return family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) && rest.length === 0;
}

function backupFrom(values: Values, faults: string[]): BackupConfig {
  const { FACTOTUM_BACKUP_TO: to, FACTOTUM_KEY_BACKUP_TO: keysTo } = values;
  if (to !== undefined && to === keysTo)
    faults.push('FACTOTUM_KEY_BACKUP_TO: choose another place than FACTOTUM_BACKUP_TO. Whoever has both could open everything.');
  return {
    ...{ to, keysTo },
    everyHours: values.FACTOTUM_BACKUP_EVERY_HOURS,
    keepDays: values.FACTOTUM_BACKUP_KEEP_DAYS,
    keysKeepDays: values.FACTOTUM_KEY_BACKUP_KEEP_DAYS,
  };
}

/** `[::1]:443` or `name:443`, as the pattern has just found it. */
function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function toolsFrom(values: Values, faults: string[]): ToolsConfig {
  const { FACTOTUM_TOOLS_LISTEN: listen, FACTOTUM_TOOLS_URL: url, FACTOTUM_TOOLS_CLIENTS: clients = [] } = values;
  const { FACTOTUM_TOOLS_CERT: cert, FACTOTUM_TOOLS_KEY: key, FACTOTUM_TOOLS_CA: ca } = values;
  const files = cert && key && ca ? { cert, key, ca } : undefined;
  if (!files && (cert || key || ca)) faults.push('FACTOTUM_TOOLS_CERT: set all three of CERT, KEY and CA, or none.');
  if (listen && !values.FACTOTUM_ROLES.includes('tools')) faults.push('FACTOTUM_TOOLS_LISTEN: FACTOTUM_ROLES must name tools as well.');
  if (listen && files && clients.length === 0)
    faults.push('FACTOTUM_TOOLS_CLIENTS: say which names may call; otherwise whoever the authority knows could.');
  if (clients.length > 0 && !files)
    faults.push('FACTOTUM_TOOLS_CLIENTS: the internal CA knows workers by itself. Remove it, or set FACTOTUM_TOOLS_CERT.');
  if (values.FACTOTUM_ROLES.join() === 'tools' && !listen)
    faults.push('FACTOTUM_TOOLS_LISTEN: a process with the role tools alone would do nothing. Say where it listens.');
  return { listen, url, files, clients };
}

function mailFrom({ FACTOTUM_MAIL_URL: url, FACTOTUM_MAIL_FROM: from }: Values, faults: string[]): MailConfig | undefined {
  if (url === undefined && from === undefined) return undefined;
  if (url !== undefined && from !== undefined) return { url, from };
  faults.push('FACTOTUM_MAIL_FROM: set it together with FACTOTUM_MAIL_URL, or neither.');
  return undefined;
}

function modelFrom(values: Values, faults: string[]): ModelConfig | undefined {
  const key = values.FACTOTUM_MODEL_KEY ?? values.ANTHROPIC_API_KEY;
  const provider = values.FACTOTUM_MODEL_PROVIDER ?? (values.ANTHROPIC_API_KEY === undefined ? 'none' : 'anthropic');
  if (provider === 'none') return undefined;
  const timeoutMs = values.FACTOTUM_MODEL_TIMEOUT_SECONDS * 1_000;
  if (provider === 'anthropic') {
    if (key === undefined)
      faults.push('FACTOTUM_MODEL_KEY: FACTOTUM_MODEL_PROVIDER is anthropic, so set FACTOTUM_MODEL_KEY or ANTHROPIC_API_KEY.');
    return { provider, url: values.FACTOTUM_MODEL_URL, name: values.FACTOTUM_MODEL_NAME ?? anthropicModel, key, timeoutMs };
  }
  if (values.FACTOTUM_MODEL_URL === undefined)
    faults.push('FACTOTUM_MODEL_URL: FACTOTUM_MODEL_PROVIDER is openai-compatible, so set the base address of the endpoint.');
  if (values.FACTOTUM_MODEL_NAME === undefined)
    faults.push('FACTOTUM_MODEL_NAME: FACTOTUM_MODEL_PROVIDER is openai-compatible, so name the model.');
  // The key of Anthropic is never sent to another vendor's address.
  return { provider, url: values.FACTOTUM_MODEL_URL, name: values.FACTOTUM_MODEL_NAME ?? '', key: values.FACTOTUM_MODEL_KEY, timeoutMs };
}

/** Settings that hold a secret, and so may refer to one; and which of them cannot refer to one of the database. */
export const secretSettings: ReadonlyMap<string, 'early' | 'late'> = new Map(Object.entries(referring));

/** Name, default, unit and meaning of every setting: `.env.example` and docs/settings.md are written from it. */
export const configTable: readonly { readonly name: string; readonly fallback: string; readonly unit: string; readonly about: string }[] =
  Object.entries(settings).map(([name, { fallback, unit, about }]) => ({ name, fallback, unit, about }));
