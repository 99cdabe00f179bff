import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { tryLock } from '#kernel/database';
import { ask } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { apiSide } from '../sync/remote.ts';
import { preview, type SyncOptions, type SyncReport, sync, Unclear } from '../sync/run.ts';
import { makeOwnFolder } from '../sync/state.ts';
import { keepInStep } from '../sync/watch.ts';
import { list } from '../table.ts';
import { urlBackend } from '../url-backend.ts';

const meSchema = z.object({ tenant: z.object({ id: z.string() }) });

/** Keeps a folder and the vault the same, in both directions. */
export const vaultSyncCommand: Command = {
  name: 'vault sync',
  usage: 'DIR [--watch] [--dry-run] [--allow-deletions] [--server URL --token-file FILE] [--tenant T]',
  about:
    'Make a folder, of Obsidian say, and the vault the same, in both directions. What only one side changed goes to the other; what both changed is merged line by line, or kept twice with a conflict note. With --watch until it is stopped. With --server over the network, as the person whose device the token in FILE is of: moving a pending approval to Approved/ or Rejected/ then decides in their name.',
  operands: ['DIR'],
  options: {
    watch: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    'allow-deletions': { type: 'boolean' },
    server: { type: 'string' },
    'token-file': { type: 'string' },
  },
  async run(context) {
    const { given, say } = context;
    const folder = resolve(given.operand('DIR'));
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() !== true)
      throw new UsageError(`There is no folder ${folder}. Is its disk there? Make the folder if it is to be new.`);
    const server = given.text('server');
    const remote = server === undefined ? undefined : await urlBackend(server, given.text('token-file'));
    try {
      const [api, tenant] = remote === undefined ? [await context.backend(), await context.tenant()] : [remote, undefined];
      const me = await ask(api, meSchema, { path: '/api/v1/me', ...(tenant === undefined ? {} : { tenant }) });
      const now = () => new Date();
      const options = { folder, there: apiSide(api, tenant), vault: me.tenant.id, allowDeletions: given.flag('allow-deletions'), now, say };
      return await run(context, options);
    } catch (error) {
      if (error instanceof Unclear) throw new UsageError(error.message);
      throw error;
    } finally {
      await remote?.close();
    }
  },
};

async function run({ given, say }: CommandContext, options: SyncOptions): ReturnType<Command['run']> {
  if (given.flag('dry-run')) {
    const { actions, skipped } = await preview(options);
    const planned = actions.flatMap((action) => {
      const path =
        'local' in action && action.local !== null
          ? action.local.path
          : 'remote' in action && action.remote !== null
            ? action.remote.path
            : '';
      return action.kind === 'adopt' || action.kind === 'forget'
        ? []
        : [{ action: action.kind, path, ...('base' in action && action.base !== null ? { from: action.base.path } : {}) }];
    });
    const text = planned.map(({ action, path }) => `${action}: ${path}`);
    return {
      json: { planned, skipped: skipped.map(shown), dryRun: true },
      text: text.length === 0 ? 'There is nothing to do.' : text.join('\n'),
    };
  }
  const lock = await tryLock(join(await makeOwnFolder(options.folder), 'lock'));
  if (lock === undefined) throw new Error(`Another process keeps ${options.folder} in step already.`);
  try {
    if (!given.flag('watch')) return answer(await sync(options));
    const stop = new AbortController();
    const end = () => stop.abort();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end);
    let last: SyncReport | undefined;
    try {
      await keepInStep({
        ...options,
        signal: stop.signal,
        onRun: (report) => {
          last = report;
          if (isNews(report)) say(answer(report).text);
        },
      });
    } finally {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, end);
    }
    return last === undefined ? { json: null, text: 'It was stopped before it was in step.', exit: 1 } : answer(last);
  } finally {
    await lock.release();
  }
}

const shown = ({ path, why }: SyncReport['skipped'][number]) => ({ path, why });
const isNews = ({ uploaded, downloaded, moved, deleted, merged, conflicts }: SyncReport): boolean =>
  uploaded + downloaded + moved + deleted + merged + conflicts.length > 0;

function answer({ conflicts, skipped, ...counts }: SyncReport) {
  const text = [
    list(counts),
    ...conflicts.map(({ path, kept }) => `both sides had changed ${path}: what lay here is kept as ${kept}`),
    ...skipped.map(({ path, why }) => `left out: ${path} (${why})`),
  ].join('\n');
  const json = { ...counts, conflicts: [...conflicts], skipped: skipped.map(shown) };
  return { json, text, exit: skipped.some(({ fault }) => fault) ? (1 as const) : (0 as const) };
}
