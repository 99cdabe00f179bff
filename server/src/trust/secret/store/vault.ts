import { FactotumError } from '#kernel';
import { createKv2, type Kv2, type VaultClient, VaultFault } from '#kernel/hashicorp-vault';
import type { SecretStore } from '../port.ts';

/** The member that holds a value which is no JSON object: Vault keeps objects only. */
const onlyMember = 'value';
const listMax = 1_000;
/** Folders below a prefix that are looked into, at most. */
const foldersMax = 200;

/**
 * Secrets of HashiCorp Vault or OpenBao, engine KV version 2. A name is the mount and the path in it: `kv/factotum/mail`. What lies there is
 * a JSON object, whose members a reference picks with `#member`; a value that is none is kept as `{"value": ..}` and comes back as it was.
 */
export function createVaultStore(client: VaultClient): SecretStore {
  const at = (name: string): { kv: Kv2; path: string } => {
    const slash = name.indexOf('/');
    if (slash <= 0) throw new FactotumError('secret.reference_invalid', 'A name in Vault is a mount and a path: kv/factotum/mail.');
    return { kv: createKv2(client, name.slice(0, slash)), path: name.slice(slash + 1) };
  };
  return {
    kind: 'vault',
    isWritable: true,
    get: (name) =>
      named(name, async () => {
        const { kv, path } = at(name);
        const found = await kv.read(path);
        return found === null ? null : { value: textOf(found.data), version: String(found.version) };
      }),
    put: (name, value, ifVersion) =>
      named(name, async () => {
        const { kv, path } = at(name);
        if (ifVersion !== null && (await kv.read(path)) === null)
          throw new FactotumError('secret.not_found', `There is no secret ${name} in Vault.`);
        // A secret whose newest version is deleted counts on: there is none, and yet 0 is not its version.
        const cas = ifVersion === null ? await countOfDeleted(kv, path) : Number(ifVersion);
        try {
          return { version: String(await kv.write(path, objectOf(value), cas)) };
        } catch (error) {
          if (error instanceof VaultFault && error.reason === 'conflict' && ifVersion === null)
            throw new FactotumError('secret.exists', `There is a secret ${name} in Vault already.`);
          throw error;
        }
      }),
    list: (prefix) =>
      named(prefix, async () => {
        const { kv, path } = at(prefix.includes('/') ? prefix : `${prefix}/`);
        const mount = prefix.split('/')[0] ?? '';
        const names: string[] = [];
        const folders = [path.slice(0, path.lastIndexOf('/') + 1)];
        for (let looked = 0; folders.length > 0 && looked < foldersMax && names.length < listMax; looked += 1) {
          const folder = folders.shift() ?? '';
          for (const entry of await kv.list(folder.replace(/\/$/, ''))) {
            if (entry.endsWith('/')) folders.push(folder + entry);
            else names.push(`${mount}/${folder}${entry}`);
          }
        }
        return names
          .filter((name) => name.startsWith(prefix))
          .sort()
          .slice(0, listMax);
      }),
    destroy: (name) =>
      named(name, async () => {
        const { kv, path } = at(name);
        if ((await kv.metadata(path)) === null) throw new FactotumError('secret.not_found', `There is no secret ${name} in Vault.`);
        await kv.remove(path);
      }),
    close: () => client.close(),
  };
}

async function countOfDeleted(kv: Kv2, path: string): Promise<number> {
  const known = await kv.metadata(path);
  const newest = known?.versions.find(({ version }) => version === known.currentVersion);
  return newest !== undefined && (newest.deleted || newest.destroyed) ? newest.version : 0;
}

function textOf(data: Readonly<Record<string, unknown>>): string {
  const members = Object.keys(data);
  const only = data[onlyMember];
  return members.length === 1 && typeof only === 'string' ? only : JSON.stringify(data);
}

function objectOf(value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value);
    // An object read from JSON has string keys.
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  } catch {
    // Most secrets are no JSON, which is as good.
  }
  return { [onlyMember]: value };
}

async function named<R>(name: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VaultFault)) throw error;
    if (error.reason === 'conflict')
      throw new FactotumError('secret.changed', `The secret ${name} has another version in Vault by now.`, { cause: error });
    throw new FactotumError('secret.unavailable', `The secret ${name} cannot be had from Vault. ${error.message}`, { cause: error });
  }
}
