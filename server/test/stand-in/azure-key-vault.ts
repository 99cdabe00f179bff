import {
  constants,
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { type FarAnswer, type FarRequest, type FarSide, startFarSide } from './far-side.ts';

export interface AzureKeyVault extends FarSide {
  /** `https://<name>.vault.azure.net`, as its callers name it. */
  readonly url: string;
  /** An application of the vault's directory that may sign in. */
  readonly application: { readonly tenantId: string; readonly clientId: string; readonly clientSecret: string };
  /** What Kubernetes would write into the file of a workload that may sign in as the application. */
  readonly federatedToken: string;
  /** Makes a key and returns its address without a version. */
  createKey(name: string, type?: KeyType): string;
  /** A new version; returns it. */
  rotate(name: string): string;
  disable(name: string): void;
  /** From now on the application may not do this. */
  deny(permission: Permission): void;
  /** Takes back every token that was handed out. */
  revokeTokens(): void;
  /** What the vault answers to a call without a token. */
  challenge: string;
  /** How many tokens were asked for. */
  tokensAsked: number;
}

type KeyType = 'RSA' | 'RSA-HSM' | 'oct-HSM' | 'EC';
type Permission = 'get' | 'wrapKey' | 'unwrapKey';

interface Version {
  readonly id: string;
  readonly rsa: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | null;
  readonly aes: Buffer;
  enabled: boolean;
}

/** Versions of the protocol that the service has. */
const apiVersions = ['7.0', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6', '2025-07-01'];
const keyPath = /^\/keys\/(?<name>[0-9A-Za-z-]+)(?:\/(?<version>[0-9a-f]{32}))?(?:\/(?<operation>wrapkey|unwrapkey))?\/?$/;
const resource = 'https://vault.azure.net';
const operationSchema = z.strictObject({
  alg: z.string().min(1),
  value: z.base64url().min(1),
});
/** Making an RSA key takes long, so all vaults of a test process share a few. */
const pairs: { publicKey: KeyObject; privateKey: KeyObject }[] = [];

/**
 * A vault of Azure Key Vault, with Microsoft Entra ID and the metadata service of a machine in front of it: tokens and whom they are for, the
 * challenge, versions, key states, permissions, algorithms by key type. The wraps are real.
 */
export async function startAzureKeyVault(t: TestContext, name = 'factotum-test'): Promise<AzureKeyVault> {
  const application = {
    tenantId: '8e9ba1a7-2d6a-4f6e-9f8c-1f0f6a3b7c11',
    clientId: '3b1c8a34-41a0-4f0e-8f9e-5f6a2f0d9e77',
    clientSecret: randomBytes(24).toString('base64url'),
  };
  const federatedToken = `${randomBytes(20).toString('base64url')}.federated.${randomBytes(20).toString('base64url')}`;
  const url = `https://${name}.vault.azure.net`;
  const keys = new Map<string, { readonly type: KeyType; readonly versions: Version[] }>();
  const tokens = new Map<string, { readonly audience: string; readonly endsAtMs: number }>();
  const denied = new Set<Permission>();
  let pair = 0;

  const newVersion = (type: KeyType): Version => {
    const isRsa = type.startsWith('RSA');
    if (isRsa) pairs[pair] ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    const version = { id: randomBytes(16).toString('hex'), rsa: isRsa ? (pairs[pair] ?? null) : null, aes: randomBytes(32), enabled: true };
    if (isRsa) pair += 1;
    return version;
  };
  const grant = (audience: string): FarAnswer => {
    vault.tokensAsked += 1;
    const token = `eyJ0.${randomBytes(24).toString('base64url')}.sig`;
    tokens.set(token, { audience, endsAtMs: Date.now() + 3_599_000 });
    return { status: 200, json: { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: token } };
  };
  const signIn = ({ method, url: { pathname }, headers, body }: FarRequest): FarAnswer => {
    const form = new URLSearchParams(body.toString('utf8'));
    const refuse = (status: number, error: string, description: string) => ({ status, json: { error, error_description: description } });
    if (method !== 'POST' || headers['content-type'] !== 'application/x-www-form-urlencoded')
      return refuse(400, 'invalid_request', 'AADSTS900144');
    if (pathname !== `/${application.tenantId}/oauth2/v2.0/token`) return refuse(400, 'invalid_request', 'AADSTS90002: no such tenant');
    if (form.get('grant_type') !== 'client_credentials') return refuse(400, 'unsupported_grant_type', 'AADSTS70003');
    if (form.get('client_id') !== application.clientId) return refuse(400, 'unauthorized_client', 'AADSTS700016: no such application');
    const audience = /^(https:\/\/[^/]+)\/\.default$/.exec(form.get('scope') ?? '')?.[1];
    if (audience !== resource) return refuse(400, 'invalid_scope', 'AADSTS70011: the scope is not valid');
    const assertion = form.get('client_assertion');
    const isFederated =
      assertion === federatedToken && form.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    if (!isFederated && form.get('client_secret') !== application.clientSecret) return refuse(401, 'invalid_client', 'AADSTS7000215');
    return grant(audience);
  };
  const machineIdentity = ({ method, url: { searchParams }, headers }: FarRequest): FarAnswer => {
    const isAsked = method === 'GET' && headers.metadata === 'true' && headers['x-forwarded-for'] === undefined;
    if (!isAsked || searchParams.get('api-version') !== '2018-02-01' || searchParams.get('resource') !== resource)
      return { status: 400, json: { error: 'invalid_request', error_description: 'Required metadata header not specified' } };
    const { json, ...rest } = grant(resource);
    // The metadata service writes its numbers as text.
    return { ...rest, json: { ...Object(json), expires_in: '86399', expires_on: String(Math.floor(Date.now() / 1000) + 86_399) } };
  };
  const refuse = (status: number, code: string, inner?: string): FarAnswer => ({
    status,
    json: { error: { code, message: `${code} ${inner ?? ''}`, ...(inner === undefined ? {} : { innererror: { code: inner } }) } },
  });
  const atVault = (request: FarRequest, isLying: boolean): FarAnswer => {
    const { url: called, method, headers, body } = request;
    const token = tokens.get(/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '');
    if (token === undefined || token.audience !== resource || token.endsAtMs < Date.now())
      return { ...refuse(401, 'Unauthorized'), headers: { 'www-authenticate': vault.challenge } };
    if (!apiVersions.includes(called.searchParams.get('api-version') ?? '')) return refuse(400, 'BadParameter');
    const { name: keyName = '', version: id, operation } = keyPath.exec(called.pathname)?.groups ?? {};
    const key = keys.get(keyName);
    const permission: Permission = operation === 'wrapkey' ? 'wrapKey' : operation === 'unwrapkey' ? 'unwrapKey' : 'get';
    if (denied.has(permission)) return refuse(403, 'Forbidden', 'ForbiddenByPolicy');
    const version = id === undefined ? key?.versions.at(-1) : key?.versions.find((one) => one.id === id);
    if (key === undefined || version === undefined) return refuse(404, 'KeyNotFound');
    const kid = `${called.hostname === '127.0.0.1' ? 'http' : 'https'}://${called.host}/keys/${keyName}/${version.id}`;
    if (operation === undefined) {
      if (method !== 'GET') return refuse(405, 'MethodNotAllowed');
      const attributes = {
        enabled: version.enabled,
        created: 1_700_000_000,
        updated: 1_700_000_000,
        recoveryLevel: 'Recoverable+Purgeable',
      };
      const { n, e } = version.rsa?.publicKey.export({ format: 'jwk' }) ?? {};
      return { status: 200, json: { key: { kid, kty: key.type, key_ops: ['wrapKey', 'unwrapKey'], n, e }, attributes } };
    }
    if (method !== 'POST' || !String(headers['content-type']).startsWith('application/json')) return refuse(415, 'UnsupportedMediaType');
    if (!version.enabled) return refuse(403, 'Forbidden', 'KeyDisabled');
    const input = operationSchema.safeParse(JSON.parse(body.toString('utf8')));
    if (!input.success) return refuse(400, 'BadParameter');
    const value = Buffer.from(input.data.value, 'base64url');
    try {
      const done = operate(key.type, version, operation, input.data.alg, value);
      if (isLying) done.writeUInt8(done.readUInt8(0) ^ 1, 0);
      return { status: 200, json: { kid, value: done.toString('base64url') } };
    } catch {
      return refuse(400, 'BadParameter');
    }
  };
  const far = await startFarSide(t, {
    answer(request, isLying) {
      if (request.url.pathname.endsWith('/oauth2/v2.0/token')) return signIn(request);
      if (request.url.pathname === '/metadata/identity/oauth2/token') return machineIdentity(request);
      return atVault(request, isLying);
    },
    throttled: { ...refuse(429, 'Throttled'), headers: { 'retry-after': '1' } },
    failed: refuse(500, 'InternalServerError'),
  });
  const find = (keyName: string) => {
    const key = keys.get(keyName);
    if (key === undefined) throw new Error(`no key ${keyName}`);
    return key;
  };
  const vault: AzureKeyVault = Object.assign(far, {
    url,
    application,
    federatedToken,
    challenge: `Bearer authorization="https://login.windows.net/${application.tenantId}", resource="${resource}"`,
    tokensAsked: 0,
    createKey(keyName: string, type: KeyType = 'RSA') {
      keys.set(keyName, { type, versions: [newVersion(type)] });
      return `${url}/keys/${keyName}`;
    },
    rotate(keyName: string) {
      const { type, versions } = find(keyName);
      const version = newVersion(type);
      versions.push(version);
      return version.id;
    },
    disable(keyName: string) {
      for (const version of find(keyName).versions) version.enabled = false;
    },
    deny: (permission: Permission) => void denied.add(permission),
    revokeTokens: () => tokens.clear(),
  });
  return vault;
}

/** @throws Error when the algorithm does not go with the type of the key, or the value does not open. */
function operate(type: KeyType, { rsa, aes }: Version, operation: string, algorithm: string, value: Buffer): Buffer {
  if (algorithm === 'RSA-OAEP-256' && rsa !== null) {
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    return operation === 'wrapkey'
      ? publicEncrypt({ key: rsa.publicKey, ...padding }, value)
      : privateDecrypt({ key: rsa.privateKey, ...padding }, value);
  }
  if (algorithm !== 'A256KW' || type !== 'oct-HSM') throw new Error('another type of key');
  const start = Buffer.alloc(8, 0xa6);
  const cipher = operation === 'wrapkey' ? createCipheriv('id-aes256-wrap', aes, start) : createDecipheriv('id-aes256-wrap', aes, start);
  return Buffer.concat([cipher.update(value), cipher.final()]);
}
