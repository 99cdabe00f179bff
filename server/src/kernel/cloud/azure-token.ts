import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '#kernel';
import { type AzureCredential, defaultAuthority } from './azure-credential.ts';
import { CloudFault } from './cloud-fault.ts';
import { createRest, type Rest, type RestRequest } from './rest.ts';

/** Hands out bearer tokens of Microsoft Entra ID, from memory while they are good; callers of one moment share one request. */
export interface AzureTokens {
  /** The directory that the tokens are from; null where the machine decides. */
  readonly directory: string | null;
  /**
   * @param resource - whom the token is for, without a slash at the end: `https://vault.azure.net`
   * @throws CloudFault `unreachable`, or `refused` when the credential is not accepted.
   */
  of(resource: string): Promise<string>;
  /** The far side did not take the token: the next call asks for a new one. */
  forget(resource: string): void;
}

export interface AzureTokenOptions {
  readonly credential: AzureCredential;
  /** A managed identity is asked through it at a link-local address: for the installation hand in an unguarded one. */
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

const service = 'Microsoft Entra ID';
/** Tokens live for an hour or more; one that ends while a call is under way would be refused. */
const spareMs = 5 * 60_000;
/** The instance metadata service of a virtual machine: link-local, so it never leaves the machine's host. */
const instanceMetadata = 'http://169.254.169.254/metadata/identity/oauth2/token';

/** Services write the seconds as a number, the machine's metadata as a text. */
const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive().optional() });
const appServiceSchema = z.object({ expires_on: z.coerce.number().positive() });
const refusalSchema = z.object({ error: z.string().max(100) });

interface Held {
  readonly token: Promise<string>;
  goodUntilMs: number;
}

/** Asks for tokens by the credential. */
export function createAzureTokens({ credential, fetch, clock, timeoutMs }: AzureTokenOptions): AzureTokens {
  const rest = createRest({ service, fetch, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  const held = new Map<string, Held>();
  return {
    directory: credential.kind === 'managed-identity' ? null : credential.tenantId,
    of(resource) {
      const found = held.get(resource);
      if (found !== undefined && clock.monotonicMs() < found.goodUntilMs) return found.token;
      const fresh: Held = {
        goodUntilMs: Number.POSITIVE_INFINITY,
        token: ask(rest, credential, resource, clock).then(({ token, lifeMs }) => {
          fresh.goodUntilMs = clock.monotonicMs() + Math.max(lifeMs - spareMs, lifeMs / 2);
          return token;
        }),
      };
      held.set(resource, fresh);
      fresh.token.catch(() => {
        if (held.get(resource) === fresh) held.delete(resource);
      });
      return fresh.token;
    },
    forget: (resource) => void held.delete(resource),
  };
}

async function ask(rest: Rest, credential: AzureCredential, resource: string, clock: Clock): Promise<{ token: string; lifeMs: number }> {
  const { status, json } = await rest.send(await requestOf(credential, resource));
  const granted = tokenSchema.safeParse(json);
  if (status !== 200 || !granted.success) {
    const code = refusalSchema.safeParse(json).data?.error ?? String(status);
    throw new CloudFault('refused', `${service} does not accept this credential (${code}).`, { code });
  }
  const seconds = granted.data.expires_in ?? secondsUntil(appServiceSchema.safeParse(json).data?.expires_on, clock);
  return { token: granted.data.access_token, lifeMs: seconds * 1_000 };
}

/** App Service says when a token ends, not how long it lives. One that says neither is used for a minute. */
const secondsUntil = (expiresOn: number | undefined, clock: Clock) =>
  expiresOn === undefined ? 60 : Math.max(60, expiresOn - clock.now().getTime() / 1_000);

/** Client credentials of OAuth 2.0 with a secret, the same with a federated assertion (RFC 7523), or the machine's own endpoint. */
async function requestOf(credential: AzureCredential, resource: string): Promise<RestRequest> {
  if (credential.kind === 'managed-identity') {
    const { clientId, endpoint } = credential;
    const url = new URL(endpoint?.url ?? instanceMetadata);
    url.searchParams.set('api-version', endpoint === undefined ? '2018-02-01' : '2019-08-01');
    url.searchParams.set('resource', resource);
    if (clientId !== undefined) url.searchParams.set('client_id', clientId);
    return { method: 'GET', url, headers: endpoint === undefined ? { metadata: 'true' } : { 'x-identity-header': endpoint.header } };
  }
  const { tenantId, clientId, authority = defaultAuthority } = credential;
  const proof =
    credential.kind === 'client-secret'
      ? { client_secret: credential.clientSecret }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await readAssertion(credential.tokenFile),
        };
  return {
    method: 'POST',
    url: `${authority}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`,
    form: { grant_type: 'client_credentials', client_id: clientId, scope: `${resource}/.default`, ...proof },
  };
}

async function readAssertion(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new CloudFault('refused', 'The file with the federated token of this workload cannot be read.', { cause });
  }
}
