import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { ask, askAll, askStream } from '../api.ts';
import { type Command, UsageError } from '../command.ts';
import { saveStream } from '../save.ts';
import { list, table } from '../table.ts';
import { vaultImportCommand } from './vault-import.ts';
import { vaultSyncCommand } from './vault-sync.ts';

const fileSchema = z.object({ path: z.string(), etag: z.string(), sizeBytes: z.number(), createdAt: z.string(), updatedAt: z.string() });
const limitDefault = 1_000;

/** Files of the vault, streamed in and out, and whole folders of notes in. */
export const vaultCommands: readonly Command[] = [
  {
    name: 'vault files',
    usage: '[PREFIX] [--limit N] [--tenant T]',
    about: 'Show files of the vault by path: of one folder with everything below it, or all.',
    operands: ['[PREFIX]'],
    options: { limit: { type: 'string' } },
    async run({ given, backend, tenant }) {
      const limit = limitOf(given.text('limit'));
      const query = { prefix: given.operand('[PREFIX]') };
      const items = await askAll(await backend(), fileSchema, { path: '/api/v1/vault/files', query, tenant: await tenant(), limit });
      const rows = items.map(({ path, sizeBytes, updatedAt, etag }) => [path, sizeBytes, updatedAt, etag]);
      return { json: items, text: rows.length === 0 ? 'There is no such file.' : table(['PATH', 'BYTES', 'CHANGED', 'ETAG'], rows) };
    },
  },
  {
    name: 'vault put',
    usage: 'FILE PATH [--replace ETAG] [--tenant T]',
    about:
      'Store a file of this machine in the vault, up to 2 GiB. Over one that is there only with --replace and its etag, as vault files shows it.',
    operands: ['FILE', 'PATH'],
    options: { replace: { type: 'string' } },
    async run({ given, backend, tenant }) {
      const address = addressOf(given.operand('PATH'));
      const etag = given.text('replace');
      const file = await openFile(given.operand('FILE'));
      const stored = await ask(await backend(), fileSchema, {
        method: 'PUT',
        path: address,
        tenant: await tenant(),
        raw: { bytes: file.bytes(), type: 'application/octet-stream' },
        headers: { ...file.headers, ...(etag === undefined ? { 'if-none-match': '*' } : { 'if-match': `"${etag}"` }) },
      });
      const { path, sizeBytes } = stored;
      return { json: stored, text: list({ path, bytes: sizeBytes, etag: stored.etag }) };
    },
  },
  {
    name: 'vault get',
    usage: 'PATH [--out FILE] [--tenant T]',
    about: 'Write a file of the vault to this machine: under its own name in this folder, where nothing bears it yet, or to FILE.',
    operands: ['PATH'],
    options: { out: { type: 'string' } },
    async run({ given, backend, tenant }) {
      const path = given.operand('PATH');
      const address = addressOf(path);
      const file = given.text('out') ?? (await ownName(path));
      const bytes = await saveStream(await askStream(await backend(), { path: address, tenant: await tenant() }), file);
      return { json: { path, file, bytes }, text: list({ path, file, bytes }) };
    },
  },
  vaultImportCommand,
  vaultSyncCommand,
];

/** Dots would lead to another address before the server could refuse them. @throws UsageError. */
function addressOf(path: string): string {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new UsageError(`This is not a path inside the vault: ${path}. Write it from the top of the vault, like Bills/March.pdf.`);
  return `/api/v1/vault/files/${parts.map(encodeURIComponent).join('/')}`;
}

/** Opened when it is sent. Its length is told, so that a quota that it does not fit into refuses before the first byte. */
async function openFile(path: string) {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) throw new UsageError(`There is no file ${path}.`);
  const headers: Readonly<Record<string, string>> = found.isFile() ? { 'content-length': String(found.size) } : {};
  // A file's stream is one of bytes.
  return { headers, bytes: () => Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array> };
}

async function ownName(path: string): Promise<string> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const isTaken = await access(name).then(
    () => true,
    () => false,
  );
  if (isTaken) throw new UsageError(`There is a file ${name} here. Say where to write with --out FILE.`);
  return name;
}

function limitOf(given: string | undefined): number {
  const limit = given === undefined ? limitDefault : Number(given);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new UsageError('--limit is a whole number above 0.');
}
