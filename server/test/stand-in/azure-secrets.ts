import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { type FarAnswer, type FarRequest, type FarSide, startFarSide } from './far-side.ts';

export interface AzureSecrets extends FarSide {
  /** `127.0.0.1:<port>`: the vault's host as references name it. */
  readonly host: string;
  /** What the vault takes; whoever is asked for one hands it out. */
  readonly token: string;
  /** Tokens are taken no more. */
  denyAll(): void;
}

interface Version {
  readonly version: string;
  readonly value: string;
}

const setSchema = z.strictObject({
  value: z.string().max(25 * 1_024),
  contentType: z.string().optional(),
  attributes: z.looseObject({}).optional(),
});
const refusal = (status: number, code: string): FarAnswer => ({ status, json: { error: { code, message: code } } });
/** A secret that was deleted answers like this for a moment before it can be purged. */
const purgeDelays = 2;

/** The secrets of a vault of Azure Key Vault, with its challenge, its API version, soft deletion and purging. */
export async function startAzureSecrets(t: TestContext): Promise<AzureSecrets> {
  const token = randomBytes(30).toString('base64url');
  const secrets = new Map<string, Version[]>();
  const deleted = new Map<string, { readonly versions: Version[]; delays: number }>();
  let denied = false;
  const idOf = (name: string, version?: string) => `${far.origin}/secrets/${name}${version === undefined ? '' : `/${version}`}`;

  const answer = ({ method, url, headers, body }: FarRequest, isLying: boolean): FarAnswer => {
    if (url.searchParams.get('api-version') !== '7.4') return refusal(400, 'BadParameter');
    if (denied || headers.authorization !== `Bearer ${token}`) {
      if (!denied && headers.authorization === undefined && body.length > 0 && body.toString() !== '{}')
        return refusal(400, 'BodyBeforeChallenge');
      const challenge = `Bearer authorization="https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555", resource="${far.origin}"`;
      return { ...refusal(401, 'Unauthorized'), headers: { 'www-authenticate': challenge } };
    }
    if (isLying) return { status: 200, json: { id: 7 } };
    const [, kind, name, version] = url.pathname.split('/');
    if (kind === 'deletedsecrets' && method === 'DELETE' && name !== undefined) {
      const gone = deleted.get(name);
      if (gone === undefined) return refusal(404, 'SecretNotFound');
      if (gone.delays-- > 0) return refusal(409, 'ObjectIsBeingDeleted');
      deleted.delete(name);
      return { status: 204, json: null };
    }
    if (kind !== 'secrets') return refusal(404, 'NotFound');
    if (name === undefined || name === '') return method === 'GET' ? list(url) : refusal(405, 'MethodNotAllowed');
    if (!/^[0-9A-Za-z-]{1,127}$/.test(name)) return refusal(400, 'BadParameter');
    const versions = secrets.get(name.toLowerCase());
    switch (method) {
      case 'GET': {
        const found = version === undefined ? versions?.at(-1) : versions?.find((one) => one.version === version);
        return found === undefined
          ? refusal(404, 'SecretNotFound')
          : { status: 200, json: { value: found.value, id: idOf(name, found.version), attributes: { enabled: true } } };
      }
      case 'PUT': {
        const given = setSchema.safeParse(JSON.parse(body.toString()));
        if (!given.success) return refusal(400, 'BadParameter');
        if (deleted.has(name.toLowerCase())) return refusal(409, 'Conflict');
        const made = { version: randomBytes(16).toString('hex'), value: given.data.value };
        secrets.set(name.toLowerCase(), [...(versions ?? []), made]);
        return { status: 200, json: { value: made.value, id: idOf(name, made.version), attributes: { enabled: true } } };
      }
      case 'DELETE':
        if (versions === undefined) return refusal(404, 'SecretNotFound');
        secrets.delete(name.toLowerCase());
        deleted.set(name.toLowerCase(), { versions, delays: purgeDelays });
        return { status: 200, json: { recoveryId: `${far.origin}/deletedsecrets/${name}`, id: idOf(name) } };
      default:
        return refusal(405, 'MethodNotAllowed');
    }
  };

  function list(url: URL): FarAnswer {
    const names = [...secrets.keys()].sort();
    const from = Number(url.searchParams.get('$skiptoken') ?? '0');
    const page = names.slice(from, from + 2);
    const next = from + page.length;
    return {
      status: 200,
      json: {
        value: page.map((name) => ({ id: idOf(name), attributes: { enabled: true } })),
        nextLink: next < names.length ? `${far.origin}/secrets?api-version=7.4&$skiptoken=${next}` : null,
      },
    };
  }

  const far: FarSide = await startFarSide(t, { answer, throttled: refusal(429, 'Throttled'), failed: refusal(500, 'InternalError') });
  return Object.assign(far, {
    host: `127.0.0.1:${far.port}`,
    token,
    denyAll: () => {
      denied = true;
    },
  });
}
