import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiRequest, ask, askStream, Refusal } from '../api.ts';
import type { CommandBackend } from '../backend.ts';
import type { Kind, RemoteFile } from './tree.ts';

export interface RemoteChange extends Omit<RemoteFile, 'hash' | 'etag'> {
  readonly deleted: boolean;
  readonly etag: string | null;
  readonly hash: string | null;
}

export interface Sending {
  readonly path: string;
  readonly kind: Exclude<Kind, 'generated'>;
  readonly size: number;
  /** Opened anew for each attempt. */
  readonly bytes: () => Uint8Array | ReadableStream<Uint8Array>;
  /** Null: only where there is nothing yet. */
  readonly ifMatch: string | null;
  readonly trusted: boolean;
}

/** The vault's side. Everything that changes it is refused with `Stale` when the vault is no longer as it was seen. */
export interface VaultSide {
  /** @returns null when the cursor is no longer taken: begin with none. */
  changes(
    after: string | null,
  ): Promise<{ readonly items: readonly RemoteChange[]; readonly nextCursor: string; readonly hasMore: boolean } | null>;
  read(file: Pick<RemoteFile, 'path' | 'kind'>): Promise<AsyncIterable<Uint8Array>>;
  /** @returns the etag of what is there now. */
  write(sending: Sending): Promise<string>;
  remove(file: RemoteFile): Promise<void>;
  /** @returns the etag at the new path. */
  move(from: Pick<RemoteFile, 'path' | 'etag'>, to: string): Promise<{ readonly path: string; readonly etag: string }>;
  /** A note as it was when its content had this hash; null when that is forgotten. */
  earlier(file: Pick<RemoteFile, 'id' | 'hash' | 'size'>, hashOf: (bytes: Uint8Array) => string): Promise<Uint8Array | null>;
  /** Whether the note at a path is a member's own words. */
  isTrusted(path: string): Promise<boolean>;
}

/** What was planned no longer fits: look again. */
export class Stale extends Error {
  override readonly name = 'Stale';
}
/** The server does not want it, and would not the next time either. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const changesSchema = z.object({
  items: z.array(
    z.object({
      path: z.string(),
      kind: z.enum(['note', 'file', 'generated']),
      id: z.string(),
      deleted: z.boolean(),
      etag: z.string().nullable(),
      hash: z.string().nullable(),
      size: z.number(),
    }),
  ),
  nextCursor: z.string(),
  hasMore: z.boolean(),
});
const versionsSchema = z.object({
  items: z.array(z.object({ version: z.number(), sizeBytes: z.number(), change: z.string(), trusted: z.boolean() })),
});
const writtenSchema = z.object({ etag: z.string() });
const movedSchema = z.object({ path: z.string(), etag: z.string() });

/** How many versions are looked through for the one that both sides started from, 100 at a time, newest first. */
const versionsLooked = 100;

/** The vault of one tenant through the API. */
export function apiSide(api: CommandBackend, tenant: string | undefined): VaultSide {
  const about = tenant === undefined ? {} : { tenant };
  const call = <S extends z.ZodType>(schema: S, request: ApiRequest): Promise<z.output<S>> =>
    attempt(() => ask(api, schema, { ...request, ...about }));
  const stream = (path: string) => attempt(() => askStream(api, { path, ...about }));
  return {
    async changes(after) {
      const query = after === null ? '' : `&after=${encodeURIComponent(after)}`;
      try {
        return await patiently(() => ask(api, changesSchema, { path: `/api/v1/vault/changes?limit=1000${query}`, ...about }));
      } catch (error) {
        if (after !== null && error instanceof Refusal && error.problem.code === 'request.cursor_invalid') return null;
        throw error;
      }
    },
    read: ({ path, kind }) => stream(addressOf(kind, path)),
    async write({ path, kind, size, bytes, ifMatch, trusted }) {
      const condition: Record<string, string> = ifMatch === null ? { 'if-none-match': '*' } : { 'if-match': `"${ifMatch}"` };
      const type = kind === 'note' ? 'text/markdown' : 'application/octet-stream';
      const { etag } = await attempt(() =>
        ask(api, writtenSchema, {
          method: 'PUT',
          path: kind === 'note' ? `${addressOf(kind, path)}?trusted=${trusted}` : addressOf(kind, path),
          headers: { ...condition, ...(kind === 'note' ? {} : { 'content-length': String(size) }) },
          raw: { bytes: bytes(), type },
          ...about,
        }),
      );
      return etag;
    },
    async remove({ path, kind, etag }) {
      await call(z.null(), { method: 'DELETE', path: addressOf(kind, path), headers: { 'if-match': `"${etag}"` } });
    },
    move: ({ path, etag }, to) =>
      call(movedSchema, { method: 'POST', path: '/api/v1/vault/move', json: { from: path, to, ifMatch: etag } }),
    async earlier({ id, hash, size }, hashOf) {
      const address = `/api/v1/vault/history/${encodeURIComponent(id)}`;
      const { items } = await call(versionsSchema, { path: `${address}?limit=${versionsLooked}` });
      for (const { version } of items.filter(({ sizeBytes, change }) => sizeBytes === size && change !== 'deleted')) {
        const bytes = await buffer(await stream(`${address}/versions/${version}`));
        if (hashOf(bytes) === hash) return bytes;
      }
      return null;
    },
    async isTrusted(path) {
      const { items } = await call(versionsSchema, { path: `/api/v1/vault/history?path=${encodeURIComponent(path)}&limit=1` });
      return items[0]?.trusted === true;
    },
  };
}

const addressOf = (kind: Kind, path: string): string =>
  `/api/v1/vault/${kind === 'file' ? 'files' : 'notes'}/${path.split('/').map(encodeURIComponent).join('/')}`;

const staleCodes: ReadonlySet<string> = new Set([
  'vault.changed',
  'vault.exists',
  'vault.not_found',
  'file.exists',
  'file.not_found',
  'server.busy',
]);

/** @throws Stale, Refused; as they are: who may not come in at all, and faults of the server. */
async function attempt<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await patiently(work);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code } = error.problem;
    if (staleCodes.has(code)) throw new Stale(error.message);
    if (code === 'auth.required' || code === 'server.fault' || code === 'server.overloaded') throw error;
    throw new Refused(error.message);
  }
}

/** A vault has more notes than a minute has requests. */
async function patiently<R>(work: () => Promise<R>): Promise<R> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      const ms = error instanceof Refusal ? retrySchema.safeParse(error.problem.details) : null;
      if (ms?.success !== true) throw error;
      await wait(Math.min(ms.data.retryAfterMs, 60_000) + 50);
    }
}

const retrySchema = z.looseObject({ retryAfterMs: z.number() });
