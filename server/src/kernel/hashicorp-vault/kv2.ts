import { z } from 'zod';
import { vaultPath } from './call.ts';
import type { VaultClient } from './client.ts';
import { VaultFault } from './vault-fault.ts';

/** One mount of the secrets engine KV version 2. Paths are as people write them, `team/app`. */
export interface Kv2 {
  /** @param version - the newest when absent. @returns null when there is none, or this version is deleted or destroyed. */
  read(path: string, version?: number): Promise<Kv2Secret | null>;
  /**
   * Writes a new version.
   *
   * @param cas - the version that must be the newest now; 0: there must be none yet
   * @returns the number of the new version
   * @throws VaultFault `conflict` when another version is the newest.
   */
  write(path: string, data: Readonly<Record<string, unknown>>, cas?: number): Promise<number>;
  /** Hides versions, to be undone with `undelete`. Without any, the newest. */
  delete(path: string, versions?: readonly number[]): Promise<void>;
  undelete(path: string, versions: readonly number[]): Promise<void>;
  /** Removes the values of versions for good. */
  destroy(path: string, versions: readonly number[]): Promise<void>;
  /** Names directly below a path, folders with a slash at the end; empty when there is nothing. `''` is the mount itself. */
  list(path: string): Promise<string[]>;
  /** @returns null when there is no such secret. */
  metadata(path: string): Promise<Kv2Metadata | null>;
  /** Removes all versions and everything known of them. */
  remove(path: string): Promise<void>;
}

export interface Kv2Secret {
  readonly data: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly createdAt: Date;
}

export interface Kv2Metadata {
  readonly currentVersion: number;
  readonly versions: readonly {
    readonly version: number;
    readonly createdAt: Date;
    readonly deleted: boolean;
    readonly destroyed: boolean;
  }[];
}

const moment = z.string().transform((text) => new Date(text));
const readAnswer = z.object({
  data: z.object({ data: z.record(z.string(), z.unknown()).nullable(), metadata: z.object({ version: z.int(), created_time: moment }) }),
});
const writeAnswer = z.object({ data: z.object({ version: z.int() }) });
const listAnswer = z.object({ data: z.object({ keys: z.array(z.string()) }) });
const metadataAnswer = z.object({
  data: z.object({
    current_version: z.int(),
    versions: z.record(z.string(), z.object({ created_time: moment, deletion_time: z.string(), destroyed: z.boolean() })),
  }),
});

/** @param mount - where the engine is mounted, `secret` for example */
export function createKv2({ call }: VaultClient, mount: string): Kv2 {
  const at = (verb: string, path: string) => `${vaultPath(mount)}/${verb}${path === '' ? '' : `/${vaultPath(path)}`}`;
  const post = async (verb: string, path: string, versions: readonly number[]) => {
    await call({ method: 'POST', path: at(verb, path), body: { versions } });
  };
  return {
    async read(path, version) {
      const query = version === undefined ? {} : { query: { version: String(version) } };
      const answer = await orNull(call({ method: 'GET', path: at('data', path), ...query }));
      if (answer === null) return null;
      const { data, metadata } = understood(readAnswer, answer).data;
      return data === null ? null : { data, version: metadata.version, createdAt: metadata.created_time };
    },
    async write(path, data, cas) {
      const body = { data, ...(cas === undefined ? {} : { options: { cas } }) };
      return understood(writeAnswer, await call({ method: 'POST', path: at('data', path), body })).data.version;
    },
    async delete(path, versions) {
      if (versions === undefined) await call({ method: 'DELETE', path: at('data', path) });
      else await post('delete', path, versions);
    },
    undelete: (path, versions) => post('undelete', path, versions),
    destroy: (path, versions) => post('destroy', path, versions),
    async list(path) {
      const answer = await orNull(call({ method: 'GET', path: `${at('metadata', path)}/`, query: { list: 'true' } }));
      return answer === null ? [] : understood(listAnswer, answer).data.keys;
    },
    async metadata(path) {
      const answer = await orNull(call({ method: 'GET', path: at('metadata', path) }));
      if (answer === null) return null;
      const { current_version: currentVersion, versions } = understood(metadataAnswer, answer).data;
      return {
        currentVersion,
        versions: Object.entries(versions)
          .map(([version, { created_time, deletion_time, destroyed }]) => ({
            ...{ version: Number(version), createdAt: created_time, destroyed },
            deleted: deletion_time !== '',
          }))
          .sort((a, b) => a.version - b.version),
      };
    },
    async remove(path) {
      await call({ method: 'DELETE', path: at('metadata', path) });
    },
  };
}

/** A deleted version is a 404 as well, with data about it: for whoever reads it is not there either way. */
async function orNull(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (fault) {
    if (fault instanceof VaultFault && fault.reason === 'not_found') return null;
    throw fault;
  }
}

/** @throws VaultFault `unreachable` when the answer has another form: then it is not the API that we speak. */
export function understood<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  // The parser's own words could hold a part of the answer, and with it a secret.
  if (!parsed.success)
    throw new VaultFault('unreachable', 'Vault answered in a form that is not documented. Is the mount of the right kind?');
  return parsed.data;
}
