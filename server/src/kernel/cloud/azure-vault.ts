import { z } from 'zod';
import type { AzureTokens } from './azure-token.ts';
import { CloudFault, faultOfStatus } from './cloud-fault.ts';
import { createRest, type RestAnswer, type RestOptions, type RestRequest } from './rest.ts';

/** One vault of Azure Key Vault, or a Managed HSM: its keys and its secrets. */
export interface AzureVault {
  /** `https://name.vault.azure.net`, without a slash at the end. */
  readonly address: string;
  /**
   * Calls the vault with a token, which the vault itself says whom to ask for. May send twice what passes by itself.
   *
   * @param path - from `/keys/..` or `/secrets/..` on, its parts encoded
   * @returns any answer but 401, 429 and 5xx. `azureFault` says what another one than 200 means.
   * @throws CloudFault `unreachable`, `refused` when the vault takes no token of ours or asks for one that it should not get.
   */
  send(request: { readonly method: RestRequest['method']; readonly path: string; readonly json?: unknown }): Promise<RestAnswer>;
}

export interface AzureVaultOptions extends Omit<RestOptions, 'service'> {
  /** `https://name.vault.azure.net`; plain http only on this machine. */
  readonly url: string;
  readonly tokens: AzureTokens;
}

const service = 'Azure Key Vault';
/** The newest that vaults and Managed HSMs of all Azure clouds have. */
const apiVersion = '7.4';
const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** @throws RangeError when the address is none of a vault: the caller has checked it before. */
export function createAzureVault({ url, tokens, ...rest }: AzureVaultOptions): AzureVault {
  const vault = new URL(url);
  if (vault.protocol !== 'https:' && !(vault.protocol === 'http:' && loopback.test(vault.hostname)))
    throw new RangeError('a vault is called by https');
  const calls = createRest({ service, ...rest });
  /** Whom tokens for this vault are for. Learned from its first refusal, as it differs between the clouds of Azure. */
  let resource: string | undefined;
  const sendWith = async ({ method, path, json }: Parameters<AzureVault['send']>[0], token: string | undefined) => {
    const address = new URL(`${vault.origin}${path}`);
    address.searchParams.set('api-version', apiVersion);
    // Without a token no body either: nothing is told to a vault that has not been verified.
    if (token === undefined) return calls.send({ method, url: address, ...(method === 'GET' ? {} : { json: {} }) });
    return calls.send({ method, url: address, json, headers: { authorization: `Bearer ${token}` } });
  };
  return {
    address: vault.origin,
    async send(request) {
      let answer = await sendWith(request, resource === undefined ? undefined : await tokens.of(resource));
      // Once for the vault that nobody has asked yet, once for a token that was taken back before its time.
      for (let turn = 0; turn < 2 && answer.status === 401; turn += 1) {
        if (turn === 1 && resource !== undefined) tokens.forget(resource);
        resource = resourceOf(answer.headers.get('www-authenticate') ?? '', vault, tokens.directory);
        answer = await sendWith(request, await tokens.of(resource));
      }
      if (answer.status === 401) throw new CloudFault('refused', `${service} does not accept our token.`, { code: '401' });
      return answer;
    },
  };
}

/**
 * Whom the vault wants a token for, if that is the vault itself or the domain it lies in. Else a vault that somebody else runs would be handed
 * a token that is good elsewhere.
 */
function resourceOf(challenge: string, vault: URL, directory: string | null): string {
  const parts = new Map(Array.from(challenge.matchAll(/(\w+)="([^"]*)"/g), ([, name = '', value = '']) => [name.toLowerCase(), value]));
  const named = parts.get('resource') ?? parts.get('scope')?.replace(/\/\.default$/, '');
  if (!/^bearer\b/i.test(challenge) || named === undefined || !URL.canParse(named))
    throw new CloudFault('refused', `${service} wants another kind of sign-in than a token. Is this the address of a vault?`);
  const wanted = new URL(named);
  const isItself = wanted.origin === vault.origin;
  const isItsDomain = wanted.protocol === 'https:' && wanted.port === vault.port && vault.hostname.endsWith(`.${wanted.hostname}`);
  if (!isItself && !isItsDomain)
    throw new CloudFault(
      'refused',
      `The vault at ${vault.host} asks for a token for ${wanted.host}, which it is no part of. None is sent.`,
    );
  const theirs = directoryOf(parts.get('authorization') ?? parts.get('authorization_uri'));
  // Directories are also named by a domain, which cannot be compared with an id.
  if (guid.test(theirs) && directory !== null && guid.test(directory) && theirs.toLowerCase() !== directory.toLowerCase())
    throw new CloudFault('refused', `The vault at ${vault.host} belongs to the directory ${theirs}, the credential to ${directory}.`);
  return wanted.origin;
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const directoryOf = (authorization: string | undefined) =>
  authorization !== undefined && URL.canParse(authorization) ? (new URL(authorization).pathname.split('/')[1] ?? '') : '';

const errorSchema = z.object({
  error: z.object({ code: z.string().max(100), innererror: z.object({ code: z.string().max(100) }).nullish() }),
});

/** What an answer of a vault other than 200 means, by the code that the vault gives. */
export function azureFault({ status, json }: RestAnswer): CloudFault {
  const error = errorSchema.safeParse(json).data?.error;
  return faultOfStatus(service, status, error?.innererror?.code ?? error?.code ?? String(status), json);
}
