import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FactotumError } from '#kernel';
import { type AzureTokens, type AzureVault, azureFault, CloudFault, createAzureVault } from '#kernel/cloud';
import type { SecretStore } from '../port.ts';

const service = 'Azure Key Vault';
const listMax = 1_000;
/** A deletion takes some seconds there; purging is tried this often, a quarter of a second apart. */
const purgeTries = 40;
const purgeEveryMs = 250;

const secretSchema = z.object({ value: z.string(), id: z.string() });
const listSchema = z.object({ value: z.array(z.object({ id: z.string() })), nextLink: z.string().nullish() });

export interface AzureStoreOptions {
  readonly tokens: AzureTokens;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs?: number;
  /** Plain http, to a stand-in on this machine, for tests. */
  readonly isLocal?: boolean;
}

/**
 * Secrets of Azure Key Vault. A name is the vault's host and the secret's name: `myvault.vault.azure.net/mail`.
 *
 * Azure has no conditional write: the version is compared, then the value is put. Two who put at the same moment are not told of each
 * other; what the first has put stays readable as a version.
 */
export function createAzureStore({ tokens, fetch, timeoutMs, isLocal = false }: AzureStoreOptions): SecretStore {
  const vaults = new Map<string, AzureVault>();
  const at = (name: string): { vault: AzureVault; path: string } => {
    const slash = name.indexOf('/');
    const host = slash < 0 ? name : name.slice(0, slash);
    const vault =
      vaults.get(host) ??
      createAzureVault({
        url: `${isLocal ? 'http' : 'https'}://${host}`,
        tokens,
        fetch,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    vaults.set(host, vault);
    return { vault, path: encodeURIComponent(slash < 0 ? '' : name.slice(slash + 1)) };
  };
  const read = async (name: string) => {
    const { vault, path } = at(name);
    const answer = await vault.send({ method: 'GET', path: `/secrets/${path}` });
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw azureFault(answer);
    const { value, id } = understood(secretSchema, answer.json);
    return { value, version: versionOf(id) };
  };
  return {
    kind: 'azure',
    isWritable: true,
    get: (name) => named(name, () => read(name)),
    put: (name, value, ifVersion) =>
      named(name, async () => {
        const before = await read(name);
        if (before === null && ifVersion !== null) throw new FactotumError('secret.not_found', `There is no secret ${name} at ${service}.`);
        if (before !== null && ifVersion === null)
          throw new FactotumError('secret.exists', `There is a secret ${name} at ${service} already.`);
        if (before !== null && before.version !== ifVersion)
          throw new FactotumError('secret.changed', `The secret ${name} has another version at ${service} by now.`);
        const { vault, path } = at(name);
        const answer = await vault.send({ method: 'PUT', path: `/secrets/${path}`, json: { value } });
        if (answer.status === 409)
          throw new FactotumError(
            'secret.exists',
            `A deleted secret ${name} still holds that name at ${service}. Purge or recover it there.`,
          );
        if (answer.status !== 200) throw azureFault(answer);
        return { version: versionOf(understood(z.object({ id: z.string() }), answer.json).id) };
      }),
    list: (prefix) =>
      named(prefix, async () => {
        const { vault } = at(prefix);
        const { host } = new URL(vault.address);
        const names: string[] = [];
        let path: string | undefined = '/secrets';
        while (path !== undefined && names.length < listMax) {
          const answer = await vault.send({ method: 'GET', path });
          if (answer.status !== 200) throw azureFault(answer);
          const page: z.infer<typeof listSchema> = understood(listSchema, answer.json);
          for (const { id } of page.value) names.push(`${host}/${new URL(id).pathname.split('/')[2] ?? ''}`);
          // What comes next lies in the same vault, whatever the link says.
          const next: URL | undefined = page.nextLink == null || page.nextLink === '' ? undefined : new URL(page.nextLink);
          path = next === undefined ? undefined : `${next.pathname}${next.search}`;
        }
        return names
          .filter((name) => name.startsWith(prefix))
          .sort()
          .slice(0, listMax);
      }),
    destroy: (name) =>
      named(name, async () => {
        const { vault, path } = at(name);
        const answer = await vault.send({ method: 'DELETE', path: `/secrets/${path}` });
        if (answer.status === 404) throw new FactotumError('secret.not_found', `There is no secret ${name} at ${service}.`);
        if (answer.status !== 200) throw azureFault(answer);
        for (let tries = 0; tries < purgeTries; tries += 1) {
          const { status } = await vault.send({ method: 'DELETE', path: `/deletedsecrets/${path}` });
          // 204: gone. 403: this vault keeps what is deleted, or does not let us purge; it ends by itself there.
          if (status === 204 || status === 403) return;
          await sleep(purgeEveryMs);
        }
      }),
    close: async () => vaults.clear(),
  };
}

/** `https://host/secrets/<name>/<version>` */
const versionOf = (id: string): string => new URL(id).pathname.split('/')[3] ?? '';

function understood<T>(schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  // Not with the parser's own words: they could hold a part of the answer.
  if (!parsed.success) throw new CloudFault('broken', `${service} answered in a form that is not documented.`);
  return parsed.data;
}

async function named<R>(name: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CloudFault)) throw error;
    throw new FactotumError('secret.unavailable', `The secret ${name} cannot be had. ${error.message}`, { cause: error });
  }
}
