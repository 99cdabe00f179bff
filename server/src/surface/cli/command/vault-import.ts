import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { ask, Refusal } from '../api.ts';
import type { CommandBackend } from '../backend.ts';
import { type Command, UsageError } from '../command.ts';
import { list } from '../table.ts';
import { type FoundFile, targetOf, walkVault } from './vault-folder.ts';

const changeSchema = z.object({
  items: z.array(z.object({ path: z.string(), deleted: z.boolean(), hash: z.string().nullable(), etag: z.string().nullable() })),
  nextCursor: z.string(),
  hasMore: z.boolean(),
});
type Present = z.infer<typeof changeSchema>['items'][number];

/** Takes a folder of Markdown notes into the vault: that of another program, or of the one that this one follows. */
export const vaultImportCommand: Command = {
  name: 'vault import',
  usage: 'DIR [--dry-run] [--trust] [--replace] [--tenant T]',
  about:
    'Take an Obsidian folder into the vault: notes, and whatever else lies there as files. What decides (playbooks, handbook, goals, contacts) and what another program wrote about its work goes to Imported/, and nothing of it is trusted, unless --trust says that you vouch for all of it. What is there already stays, unless --replace. Run it again after a failure: it goes on where it was.',
  operands: ['DIR'],
  options: { 'dry-run': { type: 'boolean' }, trust: { type: 'boolean' }, replace: { type: 'boolean' } },
  async run({ given, backend, tenant, say }) {
    const { files, skipped } = await walkVault(given.operand('DIR')).catch((cause: unknown) => {
      throw new UsageError(`The folder cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    });
    const [isDry, trust, replace] = [given.flag('dry-run'), given.flag('trust'), given.flag('replace')];
    const [api, of] = [await backend(), await tenant()];
    const present = await readPresent(api, of);
    const report = { notes: 0, files: 0, bytes: 0, same: 0, differ: [] as string[], failed: [] as { path: string; reason: string }[] };
    for (const [at, file] of files.entries()) {
      const path = targetOf(file.path, trust);
      const there = present.get(path.toLowerCase());
      if (there?.hash === file.sha256) report.same += 1;
      else if (there !== undefined && !replace) report.differ.push(path);
      else {
        const failure = isDry ? null : await send(api, of, { file, path, trust, etag: there?.etag ?? null });
        if (failure === null) {
          report[file.isNote ? 'notes' : 'files'] += 1;
          report.bytes += file.bytes;
        } else report.failed.push({ path, reason: failure });
      }
      if (at % 500 === 499) say(`${at + 1} of ${files.length}`);
    }
    const { differ, failed, ...counts } = report;
    const text = [
      list({ ...counts, dryRun: isDry ? 'yes, nothing was written' : 'no' }),
      ...differ.map((path) => `stays as it is, with other content: ${path}`),
      ...skipped.map(({ path, reason }) => `left out: ${path} (${reason})`),
      ...failed.map(({ path, reason }) => `failed: ${path} (${reason})`),
    ].join('\n');
    return { json: { ...report, skipped, dryRun: isDry }, text, exit: failed.length === 0 ? 0 : 1 };
  },
};

/** What lies in the vault, by path in lower case. */
async function readPresent(api: CommandBackend, tenant: string): Promise<Map<string, Present>> {
  const present = new Map<string, Present>();
  for (let after = ''; ; ) {
    const path = `/api/v1/vault/changes?limit=1000${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const { items, nextCursor, hasMore } = await patiently(() => ask(api, changeSchema, { path, tenant }));
    for (const item of items)
      if (item.deleted) present.delete(item.path.toLowerCase());
      else present.set(item.path.toLowerCase(), item);
    if (!hasMore) return present;
    after = nextCursor;
  }
}

/** @returns why it could not be stored; null when it is. */
async function send(
  api: CommandBackend,
  tenant: string,
  { file, path, trust, etag }: { file: FoundFile; path: string; trust: boolean; etag: string | null },
): Promise<string | null> {
  const address = path.split('/').map(encodeURIComponent).join('/');
  const headers: Record<string, string> = etag === null ? { 'if-none-match': '*' } : { 'if-match': `"${etag}"` };
  const store = async () =>
    file.isNote
      ? ask(api, z.unknown(), {
          ...{ method: 'PUT', tenant, headers },
          path: `/api/v1/vault/notes/${address}?trusted=${trust && !path.startsWith('Imported/')}`,
          raw: { bytes: await readFile(file.file), type: 'text/markdown' },
        })
      : ask(api, z.unknown(), {
          ...{ method: 'PUT', tenant, headers: { ...headers, 'content-length': String(file.bytes) } },
          path: `/api/v1/vault/files/${address}`,
          // A file's stream is one of bytes.
          raw: { bytes: Readable.toWeb(createReadStream(file.file)) as ReadableStream<Uint8Array>, type: 'application/octet-stream' },
        });
  try {
    await patiently(store);
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

/** A vault has more notes than a minute has requests. */
async function patiently<R>(work: () => Promise<R>): Promise<R> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      const ms =
        error instanceof Refusal && error.problem.code === 'quota.exceeded' ? retryMsSchema.safeParse(error.problem.details) : null;
      if (ms?.success !== true) throw error;
      await wait(Math.min(ms.data.retryAfterMs, 60_000) + 50);
    }
}

const retryMsSchema = z.looseObject({ retryAfterMs: z.number() });
