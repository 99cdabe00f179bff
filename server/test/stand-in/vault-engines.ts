import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** What an engine answers: a status, and the JSON body if there is one. */
export interface VaultAnswer {
  readonly status: number;
  readonly body?: unknown;
}

/** One request to an engine: what comes after the mount, its body, its query. */
export interface VaultAsked {
  readonly method: 'read' | 'write' | 'delete' | 'list';
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly query: URLSearchParams;
}

export type VaultEngine = (asked: VaultAsked) => VaultAnswer;

export const vaultErrors = (status: number, ...errors: string[]): VaultAnswer => ({ status, body: { errors } });
const ok = (data: unknown): VaultAnswer => ({ status: 200, body: { request_id: randomBytes(8).toString('hex'), data } });
const done: VaultAnswer = { status: 204 };
const nothing = vaultErrors(404);

interface KvVersion {
  value: Record<string, unknown> | null;
  readonly created: string;
  deleted: string;
  destroyed: boolean;
}

/** The engine KV version 2, with check-and-set, soft deletion, destruction and listing. */
export function kv2Engine(now: () => Date): VaultEngine {
  const secrets = new Map<string, { versions: KvVersion[]; casRequired: boolean }>();
  const about = (version: KvVersion, number: number) => ({
    ...{ created_time: version.created, deletion_time: version.deleted, destroyed: version.destroyed, version: number },
    custom_metadata: null,
  });
  const write = (path: string, body: VaultAsked['body']): VaultAnswer => {
    const fault = onlyFields(body, ['data', 'options']);
    if (fault !== null) return fault;
    const { data, options } = body;
    if (!isRecord(data)) return vaultErrors(400, 'no data provided');
    const cas = isRecord(options) ? options.cas : undefined;
    const secret = secrets.get(path) ?? { versions: [], casRequired: false };
    if (cas === undefined && secret.casRequired) return vaultErrors(400, 'check-and-set parameter required for this call');
    if (cas !== undefined && cas !== secret.versions.length)
      return vaultErrors(400, 'check-and-set parameter did not match the current version');
    secrets.set(path, secret);
    secret.versions.push({ value: structuredClone(data), created: now().toISOString(), deleted: '', destroyed: false });
    const newest = secret.versions.at(-1);
    return newest === undefined ? nothing : ok(about(newest, secret.versions.length));
  };
  const read = (path: string, query: URLSearchParams): VaultAnswer => {
    const versions = secrets.get(path)?.versions ?? [];
    const number = Number(query.get('version') ?? 0) || versions.length;
    const version = versions[number - 1];
    if (version === undefined) return nothing;
    const gone = version.destroyed || version.deleted !== '';
    return { ...ok({ data: gone ? null : version.value, metadata: about(version, number) }), status: gone ? 404 : 200 };
  };
  const change = (path: string, body: VaultAsked['body'], apply: (version: KvVersion) => void): VaultAnswer => {
    const { versions } = body;
    if (!Array.isArray(versions) || versions.length === 0) return vaultErrors(400, 'no version number provided');
    for (const number of versions) {
      const version = secrets.get(path)?.versions[Number(number) - 1];
      if (version !== undefined) apply(version);
    }
    return done;
  };
  const metadata = ({ method, body }: VaultAsked, path: string): VaultAnswer => {
    if (method === 'list') {
      const below = [...secrets.keys()].filter((name) => path === '' || name.startsWith(`${path}/`));
      const keys = new Set(below.map((name) => name.slice(path === '' ? 0 : path.length + 1).replace(/\/.*$/, '/')));
      return keys.size === 0 ? nothing : ok({ keys: [...keys].sort() });
    }
    const secret = secrets.get(path);
    if (method === 'write') {
      secrets.set(path, { versions: secret?.versions ?? [], casRequired: body.cas_required === true });
      return done;
    }
    if (method === 'delete') {
      secrets.delete(path);
      return done;
    }
    if (secret === undefined) return nothing;
    const versions = Object.fromEntries(secret.versions.map((version, index) => [String(index + 1), about(version, index + 1)]));
    return ok({ current_version: secret.versions.length, cas_required: secret.casRequired, max_versions: 0, versions });
  };
  return (asked) => {
    const [, verb = '', path = ''] = /^([a-z]+)\/?(.*?)\/?$/.exec(asked.path) ?? [];
    const { method, body, query } = asked;
    if (verb === 'metadata') return metadata(asked, path);
    if (verb === 'data' && method === 'write') return write(path, body);
    if (verb === 'data' && method === 'read') return read(path, query);
    if (verb === 'data' && method === 'delete')
      return change(path, { versions: [secrets.get(path)?.versions.length ?? 0] }, (version) => {
        version.deleted = now().toISOString();
      });
    if (method !== 'write') return vaultErrors(405, 'unsupported operation');
    if (verb === 'delete')
      return change(path, body, (version) => {
        version.deleted = now().toISOString();
      });
    if (verb === 'undelete')
      return change(path, body, (version) => {
        version.deleted = '';
      });
    if (verb === 'destroy')
      return change(path, body, (version) => {
        version.value = null;
        version.destroyed = true;
      });
    return vaultErrors(404, 'no handler for route');
  };
}

interface TransitStandInKey {
  readonly versions: Buffer[];
  minDecryptionVersion: number;
}

/** The engine transit with keys of the type aes256-gcm96; a key that is not there is never made by encrypting. */
export function transitEngine(): VaultEngine {
  const keys = new Map<string, TransitStandInKey>();
  const decrypt = (key: TransitStandInKey, ciphertext: unknown, associatedData: unknown): Buffer | VaultAnswer => {
    const [, number = '', encoded = ''] = /^vault:v(\d+):(.*)$/.exec(String(ciphertext)) ?? [];
    const secret = key.versions[Number(number) - 1];
    if (number === '') return vaultErrors(400, 'invalid ciphertext: no prefix');
    if (secret === undefined) return vaultErrors(400, 'invalid ciphertext: version is too new');
    if (Number(number) < key.minDecryptionVersion)
      return vaultErrors(400, 'ciphertext or signature version is disallowed by policy (too old)');
    const bytes = strictBase64(encoded);
    if (bytes === null || bytes.length < 28) return vaultErrors(400, 'invalid ciphertext: could not decode base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12));
      decipher.setAAD(strictBase64(String(associatedData ?? '')) ?? Buffer.alloc(0));
      decipher.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    } catch {
      return vaultErrors(400, 'cipher: message authentication failed');
    }
  };
  const encrypt = (key: TransitStandInKey, plain: Buffer, associatedData: unknown): VaultAnswer => {
    const secret = key.versions.at(-1);
    const aad = strictBase64(String(associatedData ?? ''));
    if (secret === undefined || aad === null) return vaultErrors(400, 'failed to base64-decode associated_data');
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', secret, nonce);
    cipher.setAAD(aad);
    const bytes = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return ok({ ciphertext: `vault:v${key.versions.length}:${bytes.toString('base64')}`, key_version: key.versions.length });
  };
  const manage = ({ method, body }: VaultAsked, name: string, verb: string | undefined): VaultAnswer => {
    const key = keys.get(name);
    if (method === 'write' && verb === undefined) {
      const fault = onlyFields(body, ['type']);
      if (fault !== null) return fault;
      if (body.type !== undefined && body.type !== 'aes256-gcm96') return vaultErrors(400, `the stand-in knows no ${String(body.type)}`);
      if (key === undefined) keys.set(name, { versions: [randomBytes(32)], minDecryptionVersion: 1 });
      return done;
    }
    if (key === undefined) return nothing;
    if (method === 'write' && verb === 'rotate') {
      key.versions.push(randomBytes(32));
      return done;
    }
    if (method === 'write' && verb === 'config') {
      key.minDecryptionVersion = Number(body.min_decryption_version ?? key.minDecryptionVersion);
      return done;
    }
    if (method === 'delete') {
      keys.delete(name);
      return done;
    }
    return ok({
      ...{ type: 'aes256-gcm96', latest_version: key.versions.length, min_decryption_version: key.minDecryptionVersion },
      ...{ derived: false, exportable: false, supports_encryption: true, supports_decryption: true, supports_derivation: true },
    });
  };
  return (asked) => {
    const [verb = '', name = '', more] = asked.path.split('/');
    if (verb === 'keys') return manage(asked, name, more);
    if (asked.method !== 'write') return vaultErrors(405, 'unsupported operation');
    const key = keys.get(name);
    if (key === undefined) return vaultErrors(400, 'encryption key not found');
    const { body } = asked;
    const fault = onlyFields(body, ['plaintext', 'ciphertext', 'associated_data', 'key_version']);
    if (fault !== null) return fault;
    if (verb === 'encrypt') {
      const plain = typeof body.plaintext === 'string' ? strictBase64(body.plaintext) : null;
      return plain === null ? vaultErrors(400, 'failed to base64-decode plaintext') : encrypt(key, plain, body.associated_data);
    }
    // As in OpenBao: rewrapping knows no associated data, so what was encrypted with some does not open here.
    const plain = decrypt(key, body.ciphertext, verb === 'rewrap' ? undefined : body.associated_data);
    if (!Buffer.isBuffer(plain)) return plain;
    if (verb === 'rewrap') return encrypt(key, plain, undefined);
    return verb === 'decrypt' ? ok({ plaintext: plain.toString('base64') }) : vaultErrors(404, 'no handler for route');
  };
}

/** Vault ignores what it does not know; here a misspelt field is a fault, or the test would prove nothing. */
function onlyFields(body: VaultAsked['body'], known: readonly string[]): VaultAnswer | null {
  const unknown = Object.keys(body).filter((name) => !known.includes(name));
  return unknown.length === 0 ? null : vaultErrors(400, `the stand-in knows no ${unknown.join(', ')}`);
}

function strictBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
