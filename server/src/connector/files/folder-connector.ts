import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type Arrival, ConnectorFault, defineConnector, type JsonObject } from '@factotum/connector-sdk';
import { watch } from 'chokidar';
import { z } from 'zod';
import type { FileIntake } from '#flow/file';
import { errorCatalogue, type Id, isFactotumError } from '#kernel';
import { openSeen } from './dropped-file.ts';
import { allowedFolder, type ListedFile, listFolder } from './folder-listing.ts';

export interface FolderConnectorDeps {
  readonly files: Pick<FileIntake, 'keep'>;
  /** The folders that the operator has allowed this tenant. */
  readonly rootsOf: (tenantId: string) => Promise<readonly string[]>;
}

const settingsSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(1_000)
    .meta({ title: 'Folder', description: 'A folder of the server that the operator has allowed for you.' }),
  existing: z
    .enum(['skip', 'history', 'new'])
    .default('skip')
    .meta({ title: 'What lies there already', description: 'Left alone, kept without anything being done, or acted on.' }),
});

/** Files that were seen: a short hash of the name, and one of what was seen of it. */
type Cursor = { readonly seen: Readonly<Record<string, string>> };

/** A file must not have changed for this long to count as whole, in milliseconds. */
const settledMs = 2_000;
const mailBytesMax = 25 * 1024 * 1024;

/**
 * A folder of the server, read and never written to: what comes into it or changes is kept in the vault and told of. What is in it was put
 * there by somebody else, so none of it is trusted.
 */
export const createFolderConnector = ({ files, rootsOf }: FolderConnectorDeps) =>
  defineConnector<typeof settingsSchema, Cursor>({
    kind: 'folder',
    title: 'Folder',
    description: 'Watches a folder of the server: whatever document or mail comes into it becomes an event.',
    settings: settingsSchema,
    credentials: {},
    everyMs: 60_000,

    async check({ tenantId, settings }) {
      await listFolder(await allowedFolder(settings.path, await rootsOf(tenantId))).catch(asFault);
    },

    async poll({ tenantId, settings, now, signal }, cursor, limits) {
      const folder = await allowedFolder(settings.path, await rootsOf(tenantId));
      const listed = await listFolder(folder).catch(asFault);
      const before = cursor?.seen ?? {};
      if (cursor === null && settings.existing === 'skip')
        return { arrivals: [], cursor: { seen: Object.fromEntries(listed.map(marked)) }, more: false };
      const isHistory = settings.existing === 'history' && (cursor === null || before[backlog] !== undefined);
      // What is gone is forgotten; what comes back is told of again.
      const seen = new Map(listed.map(marked).filter(([name, mark]) => before[name] === mark));
      const fresh = listed.filter((file) => !seen.has(marked(file)[0]));
      const whole = fresh.filter(({ changedMs }) => now().getTime() - changedMs >= settledMs || isHistory);
      const arrivals: Arrival[] = [];
      let bytes = 0;
      let done = 0;
      for (const file of whole) {
        if (arrivals.length >= limits.arrivals || (bytes > 0 && bytes >= limits.bytes)) break;
        signal.throwIfAborted();
        const arrival = await arrivalOf(files, tenantId, file).catch(asFault);
        done += 1;
        if (arrival === 'changed') continue;
        seen.set(...marked(file));
        if (arrival === null) continue;
        arrivals.push(isHistory ? { ...arrival, history: true } : arrival);
        bytes += arrival.form === 'mail' ? arrival.bytes.byteLength : JSON.stringify(arrival.payload).length;
      }
      const more = done < whole.length;
      if (isHistory && more) seen.set(backlog, '');
      return {
        arrivals,
        cursor: { seen: Object.fromEntries(seen) },
        more,
        ...(whole.length < fresh.length ? { nextInMs: settledMs + 500 } : {}),
        ...(more ? { progress: { done: listed.length - whole.length + done, of: listed.length } } : {}),
      };
    },

    async stream({ tenantId, settings, signal }, onHint) {
      const folder = await allowedFolder(settings.path, await rootsOf(tenantId));
      const watcher = watch(folder, { ignoreInitial: true, followSymlinks: false, depth: 8 });
      await new Promise<void>((resolve, reject) => {
        watcher.on('all', onHint);
        watcher.on('error', reject);
        signal.addEventListener('abort', () => resolve(), { once: true });
        if (signal.aborted) resolve();
      }).finally(() => watcher.close());
    },
  });

/** A mark in the cursor: what lay there at the beginning is not through yet. No hash is a word. */
const backlog = 'backlog';

const marked = ({ name, fingerprint }: Pick<ListedFile, 'name' | 'fingerprint'>): [string, string] => [
  shortHash(name, 12),
  shortHash(fingerprint, 6),
];

const shortHash = (text: string, bytes: number): string =>
  createHash('sha256').update(text).digest().subarray(0, bytes).toString('base64url');

/** @returns null for what another part of the product has kept, `changed` for a file that is another one by now. */
async function arrivalOf(files: FolderConnectorDeps['files'], tenantId: string, file: ListedFile): Promise<Arrival | null | 'changed'> {
  const body = await openSeen(file.path, file).catch(() => null);
  if (body === null) return 'changed';
  try {
    if (/\.eml$/i.test(file.name) && file.sizeBytes <= mailBytesMax) return { form: 'mail', bytes: await buffer(body) };
    const name = file.name.slice(file.name.lastIndexOf('/') + 1);
    // The id of a tenant, as whoever polls knows it.
    const kept = await files.keep(tenantId as Id<'tenant'>, { name, body, sizeBytes: file.sizeBytes }, 'connector:folder');
    if (kept.recognised !== null) return null;
    const { title, sha256 } = kept;
    // JSON, in the words of the kit: what is undefined is left out.
    const payload = JSON.parse(JSON.stringify(kept.payload)) as JsonObject;
    return { form: 'event', kind: 'file.arrived', externalId: `${sha256}:${shortHash(file.name, 12)}`, title, payload };
  } finally {
    body.destroy();
  }
}

/** What passes by itself is tried again; what does not is told to people. */
function asFault(error: unknown): never {
  if (error instanceof ConnectorFault || !(error instanceof Error)) throw error;
  const passes = !isFactotumError(error) || errorCatalogue[error.code].retry;
  const told = isFactotumError(error) ? error.message : 'The folder cannot be read at the moment.';
  throw new ConnectorFault(passes ? 'transient' : 'permanent', told, { cause: error });
}
