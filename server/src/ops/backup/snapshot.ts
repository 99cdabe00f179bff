import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { backupRole } from '#kernel/database';
import { type BackedTable, quotedList, quotedName } from './tables.ts';

/**
 * How values are written, whatever the login or the server is set to: in PostgreSQL's own text form of COPY, which its next versions read
 * as well, and a person with `psql`.
 */
export const textForm = `set local datestyle = 'ISO'; set local timezone = 'UTC'; set local intervalstyle = 'postgres';
  set local bytea_output = 'hex'; set local extra_float_digits = 1; set local client_encoding = 'UTF8'; set local search_path = ''`;

/** Runs `work` in one snapshot of everything, as the role that reads everything. Writers do not wait for it, nor it for them. */
export async function inSnapshot<R>(client: pg.ClientBase, work: () => Promise<R>): Promise<R> {
  await client.query('begin isolation level repeatable read read only');
  try {
    await client.query(textForm);
    await client.query(`set local role ${backupRole}`);
    return await work();
  } finally {
    // It has written nothing. A connection that is gone has no transaction.
    await client.query('rollback').catch(() => undefined);
  }
}

/** The rows of a table in the order of its key, as lines of COPY's text form; a line ends with a newline, and no row holds one. */
export function readRows(client: pg.ClientBase, table: BackedTable): AsyncIterable<Buffer> {
  const order = table.key.length === 0 ? '' : ` order by ${quotedList(table.key)}`;
  return client.query(copyTo(`copy (select ${quotedList(table.columns)} from ${quotedName(table)}${order}) to stdout`));
}
