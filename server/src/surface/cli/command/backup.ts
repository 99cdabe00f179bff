import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Json } from '#kernel';
import { type ApiRequest, ask, askStream, Refusal } from '../api.ts';
import { type Answer, type Command, type CommandContext, UsageError } from '../command.ts';
import { list, table } from '../table.ts';

const recoveryOption = { 'recovery-key': { type: 'string' } } as const;
const createdSchema = z.object({
  id: z.string(),
  rows: z.number(),
  bytes: z.number(),
  newBytes: z.number(),
  keysId: z.string().nullable(),
});
const faults = z.array(z.string());
const verifiedSchema = z.object({
  ...{ id: z.string(), ok: z.boolean(), faults, madeAt: z.string().nullable(), tables: z.number(), rows: z.number() },
  ...{ chunks: z.number(), blobs: z.number(), deep: z.boolean() },
});
const drilledSchema = z.object({
  ...{ id: z.string(), ok: z.boolean(), faults, rows: z.number(), logs: z.number(), entries: z.number(), seconds: z.number() },
});
const itemSchema = z.object({
  ...{ id: z.string(), state: z.string(), createdAt: z.string(), finishedAt: z.string().nullable(), rows: z.number(), bytes: z.number() },
  ...{ newBytes: z.number(), verifiedAt: z.string().nullable(), drilledAt: z.string().nullable() },
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
const listSchema = z.object({
  ...{
    to: z.string().nullable(),
    keysTo: z.string().nullable(),
    isSetUp: z.boolean(),
    confirmedAt: z.string().nullable(),
    keys: z.number(),
  },
  items: z.array(itemSchema),
});
const prunedSchema = z.object({ backups: z.array(z.string()), objects: z.number(), bytes: z.number() });
const keysSchema = z.object({ id: z.string(), tenants: z.number(), files: z.number() });

/** Backups of the installation, and of its keys. */
export const backupCommands: readonly Command[] = [
  {
    name: 'backup setup',
    usage: '[--again] | --confirm --recovery-key FILE|-',
    about:
      'Make the place for backups ready (FACTOTUM_BACKUP_TO) and print the recovery key, once: keep it on paper, away from here. Nothing opens a backup without it. --confirm reads it back from what you kept. --again makes another one.',
    options: { again: { type: 'boolean' }, confirm: { type: 'boolean' }, ...recoveryOption },
    async run(context) {
      const { given, backend, say } = context;
      if (given.flag('confirm')) {
        const json = { recoveryKey: await recoveryTextOf(context) };
        await ask(await backend(), z.object({ confirmed: z.boolean() }), { method: 'POST', path: '/operator/backups/confirmation', json });
        return { json: { confirmed: true }, text: 'This is the recovery key of these backups.' };
      }
      const request = { method: 'POST', path: '/operator/backups/set-up', json: { again: given.flag('again') } } as const;
      const { recoveryKey } = await ask(await backend(), z.object({ recoveryKey: z.string() }), request);
      say(
        'The recovery key. It is shown now and never again. Write it down, keep it away from this machine, then: factotum backup setup --confirm --recovery-key -',
      );
      return { json: { recoveryKey }, text: recoveryKey };
    },
  },
  {
    name: 'backup create',
    usage: '',
    about: 'Make a backup now, of data and keys. Only what is new since the last is written. Nobody who works has to wait for it.',
    async run(context) {
      const made = await askLong(context, createdSchema, { method: 'POST', path: '/operator/backups' });
      if (made.keysId === null)
        context.say('The keys are not backed up: set FACTOTUM_KEY_BACKUP_TO. Without them this backup opens nothing.');
      return {
        json: made,
        text: list({ id: made.id, rows: made.rows, size: size(made.bytes), new: size(made.newBytes), keys: made.keysId }),
      };
    },
  },
  {
    name: 'backup list',
    usage: '',
    about: 'Show the backups there are, the newest first, and where they lie.',
    async run({ backend }) {
      const { items, ...places } = await ask(await backend(), listSchema, { path: '/operator/backups' });
      const rows = items.map((item) => [
        ...[
          item.id,
          item.state,
          item.createdAt,
          item.rows,
          size(item.bytes),
          size(item.newBytes),
          item.verifiedAt,
          item.drilledAt,
          item.error?.code,
        ],
      ]);
      const headings = ['ID', 'STATE', 'MADE', 'ROWS', 'SIZE', 'NEW', 'VERIFIED', 'DRILLED', 'FAULT'];
      const setUp = places.isSetUp
        ? (places.confirmedAt ?? 'yes, and nobody has typed the recovery key back')
        : 'no: factotum backup setup';
      const where = list({
        'backups go to': places.to ?? 'nowhere',
        'keys go to': places.keysTo ?? 'nowhere',
        'set up': setUp,
        'backups of keys': places.keys,
      });
      return { json: { ...places, items }, text: items.length === 0 ? where : `${where}\n\n${table(headings, rows)}` };
    },
  },
  {
    name: 'backup verify',
    usage: '[ID] [--deep]',
    about:
      'Examine a backup, the newest if none is named: whether it is the one that was made and all of it is there. --deep opens every piece.',
    operands: ['[ID]'],
    options: { deep: { type: 'boolean' } },
    async run(context) {
      const path = `/operator/backups/${idOf(context)}/verification`;
      const verified = await askLong(context, verifiedSchema, { method: 'POST', path, json: { deep: context.given.flag('deep') } });
      const { ok, faults: found, madeAt, ...counts } = verified;
      return judged(verified, list({ holds: ok ? 'yes' : 'no', made: madeAt, ...counts, deep: counts.deep ? 'yes' : 'no' }), found);
    },
  },
  {
    name: 'backup drill',
    usage: '[ID]',
    about: 'Restore a backup for trial, into a database of its own next to the real one, prove its rows and audit logs, and drop it.',
    operands: ['[ID]'],
    async run(context) {
      const drilled = await askLong(context, drilledSchema, { method: 'POST', path: `/operator/backups/${idOf(context)}/drill` });
      const { ok, faults: found, ...counts } = drilled;
      return judged(drilled, list({ holds: ok ? 'yes' : 'no', ...counts }), found);
    },
  },
  {
    name: 'backup prune',
    usage: '',
    about: 'Remove backups that are older than FACTOTUM_BACKUP_KEEP_DAYS. The newest is always kept.',
    async run({ backend }) {
      const pruned = await ask(await backend(), prunedSchema, { method: 'POST', path: '/operator/backups/prune' });
      return { json: pruned, text: list({ backups: pruned.backups.length, objects: pruned.objects, size: size(pruned.bytes) }) };
    },
  },
  {
    name: 'backup restore',
    usage: 'ID|latest --data NEWDIR --recovery-key FILE|- [--database URL] [--keys ID] [--from ADDRESS] [--keys-from ADDRESS]',
    about:
      'Make an installation anew from a backup, with its keys, in a new data folder: with a database of its own there, or in an empty one of yours. Needs no server. The recovery key is read from a file, or from standard input.',
    operands: ['ID'],
    options: {
      ...recoveryOption,
      database: { type: 'string' },
      keys: { type: 'string' },
      from: { type: 'string' },
      'keys-from': { type: 'string' },
    },
    async run(context) {
      const { given, deps, say } = context;
      const dataFolder = given.text('data');
      if (dataFolder === undefined) throw new UsageError('Say where to restore to: --data NEWDIR');
      const config = deps.configure({ dataFolder });
      const restored = await deps.restore(
        config,
        {
          ...{ id: given.operand('ID'), keysId: given.text('keys'), databaseUrl: given.text('database') },
          ...{ from: given.text('from'), keysFrom: given.text('keys-from'), recoveryText: await recoveryTextOf(context) },
        },
        say,
      );
      const { ok, tenants, faults: found, erased, ...rest } = restored;
      say('Sessions ended with the old installation. What was revoked after the backup was made is not: look through keys and members.');
      return judged(
        { ...restored, erased: [...erased], faults: [...found] },
        list({ holds: ok ? 'yes' : 'no', ...rest, tenants, erased: erased.length }),
        found,
      );
    },
  },
  {
    name: 'key backup',
    usage: '',
    about: 'Back up the keys alone, to FACTOTUM_KEY_BACKUP_TO, sealed for the recovery key. Every backup does it by itself.',
    async run({ backend }) {
      const made = await ask(await backend(), keysSchema, { method: 'POST', path: '/operator/key-backups' });
      return { json: made, text: list(made) };
    },
  },
  {
    name: 'key restore',
    usage: '[ID] --data DIR --recovery-key FILE|- [--keys-from ADDRESS]',
    about: "Put key files, and tenants' keys, back where they are missing. What is there stays, and what was destroyed stays destroyed.",
    operands: ['[ID]'],
    options: { ...recoveryOption, 'keys-from': { type: 'string' } },
    async run(context) {
      const { given, deps, say } = context;
      const keysId = given.operand('[ID]');
      const config = deps.configure({ dataFolder: given.text('data') });
      const recoveryText = await recoveryTextOf(context);
      const restored = await deps.restoreKeys(
        config,
        { keysId: keysId === '' ? undefined : keysId, keysFrom: given.text('keys-from'), recoveryText },
        say,
      );
      const { id, files, tenantKeys } = restored;
      return { json: { id, files: [...files], tenantKeys }, text: list({ id, files: files.join(', '), 'tenant keys': tenantKeys }) };
    },
  },
];

const idOf = ({ given }: CommandContext): string => encodeURIComponent(given.operand('[ID]') === '' ? 'latest' : given.operand('[ID]'));

/** From a file, or with `-` from standard input. Never an argument: those are for all to see. */
async function recoveryTextOf({ given, deps }: CommandContext): Promise<string> {
  const file = given.text('recovery-key');
  if (file === undefined) throw new UsageError('Give the recovery key: --recovery-key FILE, or --recovery-key - for standard input.');
  const text = file === '-' ? Buffer.from(await deps.terminal.input()).toString('utf8') : await readFile(file, 'utf8');
  if (text.trim() === '') throw new UsageError('There is no recovery key in what was given.');
  return text.trim();
}

const lineSchema = z.union([
  z.object({ progress: z.record(z.string(), z.number()) }),
  z.object({ problem: z.object({ code: z.string(), title: z.string() }) }),
  z.object({ done: z.json() }),
]);

/** Asks for something that takes long, and says now and then how far it is. */
async function askLong<S extends z.ZodType>({ backend, say }: CommandContext, schema: S, request: ApiRequest): Promise<z.output<S>> {
  let rest = '';
  let saidAtMs = performance.now();
  for await (const bytes of await askStream(await backend(), request)) {
    const texts = (rest + Buffer.from(bytes).toString('utf8')).split('\n');
    rest = texts.pop() ?? '';
    for (const text of texts) {
      const line = lineSchema.parse(JSON.parse(text));
      if ('problem' in line) throw new Refusal(line.problem);
      if ('done' in line) return schema.parse(line.done);
      if (performance.now() - saidAtMs < 5_000) continue;
      saidAtMs = performance.now();
      say(
        Object.entries(line.progress)
          .map(([name, count]) => `${name} ${count}`)
          .join(', '),
      );
    }
  }
  throw new Refusal({ code: 'server.fault', title: 'The server ended before it was done.' });
}

function judged(json: Json & { ok: boolean }, text: string, found: readonly string[]): Answer {
  return { json, text: [text, ...found].join('\n'), exit: json.ok ? 0 : 1 };
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 1 234 567 as `1.2 MB`. */
function size(bytes: number): string {
  const at = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${at === 0 ? bytes : (bytes / 1_000 ** at).toFixed(1)} ${units[at]}`;
}
