import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { ask, askStream } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { passphraseHeader } from '../control/archive.ts';
import { saveStream } from '../save.ts';
import { list } from '../table.ts';

const passphraseOption = { 'passphrase-file': { type: 'string' } } as const;
const standingSchema = z.object({ id: z.string(), name: z.string(), state: z.string() });
const takenSchema = z.object({
  tenantId: z.string(),
  name: z.string(),
  rows: z.number(),
  logSize: z.number(),
  people: z.number(),
  met: z.number(),
});

/** A tenant in one sealed file: for people, and to move to another installation. */
export const archiveCommands: readonly Command[] = [
  {
    name: 'tenant export',
    usage: '--to FILE [--tenant T] [--whole] [--passphrase-file FILE]',
    about:
      'Write everything of a tenant into one sealed archive: notes, tasks, policies, the audit log with its proofs. With --whole also its keys and rows, so that another installation can go on. The passphrase is read from the file or from standard input.',
    options: { to: { type: 'string' }, whole: { type: 'boolean' }, ...passphraseOption },
    async run(context) {
      const file = required(context, 'to', 'Say where to write the archive: --to FILE');
      const request = { method: 'POST', path: '/operator/archives', json: { whole: context.given.flag('whole') } } as const;
      return written(file, await fetchArchive(context, file, request));
    },
  },
  {
    name: 'tenant open',
    usage: 'FILE --to DIR [--passphrase-file FILE]',
    about: 'Open an archive into a new plain folder for people. Needs no server and no database.',
    operands: ['FILE'],
    options: { to: { type: 'string' }, ...passphraseOption },
    async run(context) {
      const folder = required(context, 'to', 'Say where to open the archive: --to DIR');
      const opened = await context.deps.openArchive(context.given.operand('FILE'), folder, await passphraseOf(context));
      return {
        json: { folder, ...opened },
        text: list({ folder, tenant: opened.tenantId, kind: opened.kind, 'made at': opened.madeAt, files: opened.files }),
      };
    },
  },
  {
    name: 'tenant import',
    usage: 'FILE [--passphrase-file FILE]',
    about: 'Take a whole archive of another installation in, all of it or nothing. The tenant rests until: factotum tenant arrived.',
    operands: ['FILE'],
    options: passphraseOption,
    async run(context) {
      const headers = await passphraseHeaders(context);
      // A file's stream is one of bytes.
      const bytes = Readable.toWeb(createReadStream(context.given.operand('FILE'))) as ReadableStream<Uint8Array>;
      const taken = await ask(await context.backend(), takenSchema, {
        method: 'POST',
        path: '/operator/imports',
        raw: { bytes, type: 'application/octet-stream' },
        headers,
      });
      context.say(`The tenant rests. When the other side has let go: factotum tenant arrived --tenant ${taken.name} --release FILE`);
      const { tenantId: id, name, rows, logSize, people } = taken;
      return { json: { ...taken }, text: list({ id, name, rows, 'audit entries': logSize, people }) };
    },
  },
  {
    name: 'tenant move',
    usage: '--to FILE [--tenant T] [--passphrase-file FILE] | --call-off [--tenant T]',
    about:
      'Stop a tenant here and write the whole archive that it moves with. Until it has moved, --call-off lets it work on here and nothing is lost.',
    options: { to: { type: 'string' }, 'call-off': { type: 'boolean' }, ...passphraseOption },
    async run(context) {
      if (context.given.flag('call-off')) {
        const standing = await ask(await context.backend(), standingSchema, {
          method: 'DELETE',
          path: '/operator/moves',
          tenant: await context.tenant(),
        });
        return { json: { ...standing }, text: list({ ...standing }) };
      }
      const file = required(context, 'to', 'Say where to write the archive: --to FILE');
      const bytes = await fetchArchive(context, file, { method: 'POST', path: '/operator/moves' });
      context.say(
        'The tenant takes nothing in now. Take the archive in at the other side, then: factotum tenant moved --to https://its.address --release FILE',
      );
      return written(file, bytes);
    },
  },
  {
    name: 'tenant moved',
    usage: '--to URL --release FILE [--tenant T]',
    about: 'Let go of a tenant for good: its API here answers with the new address, and the release lets the other side begin.',
    options: { to: { type: 'string' }, release: { type: 'string' } },
    async run(context) {
      const to = required(context, 'to', 'Say where the tenant is now: --to URL');
      const file = required(context, 'release', 'Say where to write the release: --release FILE');
      const release = await ask(await context.backend(), z.json(), {
        method: 'POST',
        path: '/operator/moves/finish',
        json: { to },
        tenant: await context.tenant(),
      });
      await writeFile(file, `${JSON.stringify(release)}\n`, { mode: 0o600 });
      context.say(`At the other side: factotum tenant arrived --release ${file}`);
      return { json: { to, release: file }, text: list({ to, release: file }) };
    },
  },
  {
    name: 'tenant arrived',
    usage: '--release FILE [--tenant T] | --without-release --tenant T',
    about:
      'Let a tenant that was taken in begin to work. Without the release of the other side only if that is gone for good: two that work would each have a truth of their own.',
    options: { release: { type: 'string' }, 'without-release': { type: 'boolean' } },
    async run(context) {
      const file = context.given.text('release');
      if ((file === undefined) !== context.given.flag('without-release'))
        throw new UsageError(
          'Give the release of the other side with --release FILE, or say --without-release if that side is gone for good.',
        );
      const release = file === undefined ? null : await readFile(file, 'utf8');
      const tenant = context.given.text('tenant') ?? (release === null ? await context.tenant() : tenantOf(release));
      const standing = await ask(await context.backend(), standingSchema, {
        method: 'POST',
        path: '/operator/moves/arrive',
        json: { release },
        tenant,
      });
      return { json: { ...standing }, text: list({ ...standing }) };
    },
  },
];

function required({ given }: CommandContext, option: string, otherwise: string): string {
  const value = given.text(option);
  if (value === undefined) throw new UsageError(otherwise);
  return value;
}

/** From a file or standard input, without the end of its line. Never an argument: those are for all to see. */
async function passphraseOf({ given, deps }: CommandContext): Promise<string> {
  const file = given.text('passphrase-file');
  const text = file === undefined ? Buffer.from(await deps.terminal.input()).toString('utf8') : await readFile(file, 'utf8');
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase === '') throw new UsageError('There is no passphrase. Give it with --passphrase-file FILE or on standard input.');
  return passphrase;
}

const passphraseHeaders = async (context: CommandContext) => ({
  [passphraseHeader]: Buffer.from(await passphraseOf(context)).toString('base64url'),
});

/** Under another name until it is whole: what stands under its own can be taken in. @returns how many bytes. */
async function fetchArchive(
  context: CommandContext,
  file: string,
  request: { method: 'POST'; path: string; json?: { whole: boolean } },
): Promise<number> {
  const headers = await passphraseHeaders(context);
  const pieces = await askStream(await context.backend(), { ...request, headers, tenant: await context.tenant() });
  return saveStream(pieces, file);
}

const written = (file: string, bytes: number) => ({ json: { file, bytes }, text: list({ file, bytes }) });

function tenantOf(release: string): string {
  const given = z.looseObject({ tenantId: z.string() }).safeParse(jsonOr(release));
  if (!given.success) throw new UsageError('This file is not the release of a move.');
  return given.data.tenantId;
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
