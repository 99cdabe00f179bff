import { readdir } from 'node:fs/promises';
import { sql } from 'kysely';
import { FactotumError } from '#kernel';
import { sqlFolder } from '#kernel/database';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';

/** How long an answer of the database counts, in milliseconds: whoever probes, and however often, costs it one question a second. */
const believedMs = 1_000;

/** Whether the process is alive, and whether it can serve. Both open: a probe has no credentials, and learns nothing else. */
export function addHealthRoutes(routes: Routes, deps: Pick<HttpDeps, 'database' | 'clock'>): void {
  const isReady = readiness(deps);

  routes.addOpen(
    {
      method: 'get',
      path: '/livez',
      summary: 'Whether the process is alive',
      tag: 'health',
      limit: 'none',
      answers: { 200: 'text/plain' },
    },
    async () => text('alive'),
  );
  routes.addOpen(
    {
      method: 'get',
      path: '/readyz',
      summary: 'Whether the process can serve: the database answers and has the schema of this release or a newer one',
      tag: 'health',
      limit: 'none',
      answers: { 200: 'text/plain' },
      errors: ['database.unavailable', 'database.migration_failed'],
    },
    async () => {
      await isReady();
      return text('ready');
    },
  );
}

function readiness({ database, clock }: Pick<HttpDeps, 'database' | 'clock'>): () => Promise<void> {
  let wanted: Promise<number> | undefined;
  let last: { atMs: number; answer: Promise<void> } | undefined;
  const ask = async () => {
    wanted ??= newestMigration();
    const { rows } = await sql<{ number: number }>`select max(number) as number from app.schema_migration`.execute(database.app.db);
    // An older process beside a newer schema is what an upgrade looks like from the inside.
    if ((rows[0]?.number ?? 0) < (await wanted))
      throw new FactotumError('database.migration_failed', 'The database has an older schema. Run `factotum db prepare`.');
  };
  return () => {
    const atMs = clock.monotonicMs();
    if (last === undefined || atMs - last.atMs >= believedMs) last = { atMs, answer: ask() };
    return last.answer;
  };
}

async function newestMigration(): Promise<number> {
  const numbers = (await readdir(sqlFolder)).map((name) => Number(/^(\d{4})_.*\.sql$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

const text = (body: string): Response =>
  new Response(`${body}\n`, { headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' } });
