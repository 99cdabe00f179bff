import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { registerSecret } from '#kernel/redact';
import type {
  BackupConfig,
  Config,
  KeysConfig,
  MailConfig,
  ModelConfig,
  RegistrationConfig,
  SecretsConfig,
  SettingReference,
  ToolsConfig,
  ValueOrFile,
  VaultLoginConfig,
} from './config/config-type.ts';
import { referring, settings, type Values } from './config/settings.ts';

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
    documentReaders: values.FACTOTUM_DOCUMENT_READERS,
    noteHistory: { versions: values.FACTOTUM_NOTE_VERSIONS, days: values.FACTOTUM_NOTE_HISTORY_DAYS },
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
    connectors: {
      packages: values.FACTOTUM_CONNECTORS ?? [],
      folders: values.FACTOTUM_FOLDERS ?? [],
      allowHosts: values.FACTOTUM_CONNECTION_ALLOW_HOSTS ?? [],
      pollsMax: values.FACTOTUM_CONNECTION_POLLS,
    },
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
  return { listen, url, files, clients, programs: programsFrom(values.FACTOTUM_TOOL_PROGRAMS, faults) };
}

/** The JSON itself; what it says is checked by whoever runs programs. */
function programsFrom(given: string, faults: string[]): string {
  if (given.trimStart().startsWith('{')) return given;
  try {
    return readFileSync(given, 'utf8');
  } catch {
    faults.push(`FACTOTUM_TOOL_PROGRAMS: neither JSON nor a file that can be read.`);
    return '{}';
  }
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
