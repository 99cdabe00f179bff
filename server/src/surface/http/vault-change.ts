import { z } from 'zod';
import { listGenerated } from '#flow/projection';
import type { TenantKeys } from '#trust/key';
import { type JournalPlace, listChanges, recordDrawn, type VaultChange } from '#trust/vault';
import { makeCursor, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { time } from './schema.ts';

const list = 'vault changes';

const changeSchema = z.object({
  seq: z.int().meta({ description: 'Grows with every change.' }),
  path: z.string(),
  kind: z.enum(['note', 'file', 'generated']),
  id: z.string().meta({ description: 'Of the note or file, or what it is drawn from. It stays when the path changes.' }),
  deleted: z.boolean(),
  etag: z.string().nullable(),
  hash: z.string().nullable().meta({ description: 'SHA-256 of the content as it is served, in hex; null of what is deleted.' }),
  size: z.int(),
  movedFrom: z.string().nullable(),
  changedAt: time,
});

const changesSchema = z.object({
  items: z.array(changeSchema),
  nextCursor: z.string().meta({ description: 'Where to go on: now if `hasMore`, otherwise whenever.' }),
  hasMore: z.boolean(),
});

/** What has changed in the vault since somebody last looked: for whoever keeps a copy. */
export function addVaultChangeRoutes(routes: Routes, { catalogue, vaultFiles }: Pick<HttpDeps, 'catalogue' | 'vaultFiles'>): void {
  routes.add(
    'vault:read',
    {
      method: 'get',
      path: '/api/v1/vault/changes',
      summary: 'What has changed in the vault, oldest first, one entry a path',
      tag: 'vault',
      query: z.strictObject({
        after: z.string().min(1).max(2_000).optional().meta({ description: 'The `nextCursor` of the last answer. Left out: everything.' }),
        limit: z.coerce.number<string>().int().min(1).max(1_000).default(500),
      }),
      answers: { 200: changesSchema },
      errors: ['request.cursor_invalid'],
    },
    async ({ tenantId, keys, now, query: { after, limit }, inTenant }) => {
      const from = readPlace(keys, after);
      if (from === null) await vaultFiles.adoptIntoJournal(tenantId, now);
      const { changes, next, hasMore } = await inTenant(async (tx) => {
        await recordDrawn(tx, keys, now, async () => {
          const notes = await listGenerated({ tx, tenantId, keys, catalogue, now }, '');
          return notes.map((note) => ({ ...note, objectId: /(?:tsk|apr)_[0-9a-f]{24}(?=\.md$)/.exec(note.path)?.[0] ?? 'dashboard' }));
        });
        return listChanges(tx, keys, from, limit);
      });
      const nextCursor = makeCursor(keys, list, `${next.seq}.${next.prunedSeq}`);
      return { status: 200, body: { items: changes.map(present), nextCursor, hasMore } };
    },
  );
}

function readPlace(keys: TenantKeys, cursor: string | undefined): JournalPlace | null {
  const [seq, prunedSeq] = readCursor(keys, list, cursor)?.split('.') ?? [];
  return seq === undefined ? null : { seq: Number(seq), prunedSeq: Number(prunedSeq) };
}

const present = ({ seq, path, kind, objectId: id, deleted, etag, sha256: hash, sizeBytes: size, movedFrom, changedAt }: VaultChange) => ({
  ...{ seq, path, kind, id, deleted, etag, hash, size, movedFrom },
  changedAt: changedAt.toISOString(),
});
