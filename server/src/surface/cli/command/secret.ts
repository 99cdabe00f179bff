import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import type { Json } from '#kernel';
import { ask } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { judgeVariable } from '../doctor/secret-place.ts';
import { replaceValues, rewriteFile } from '../env-file.ts';
import { table } from '../table.ts';

const listSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      kind: z.string(),
      store: z.string(),
      version: z.number(),
      rotateAfter: z.string().nullable(),
      lastUsedAt: z.string().nullable(),
      usedBy: z.array(z.string()),
      state: z.string(),
    }),
  ),
});
type Listed = z.infer<typeof listSchema>['items'][number];

const whose = '[--tenant T | --installation]';
const installation = { installation: { type: 'boolean' } } as const;

export const secretCommands: readonly Command[] = [
  {
    name: 'secret list',
    usage: whose,
    about: 'List secrets of a tenant, or those that the installation has for its settings: names, versions and use, never values.',
    options: installation,
    async run(context) {
      const items = await list(context);
      const rows = items.map(({ name, kind, store, version, rotateAfter, lastUsedAt, usedBy, state }) => [
        ...[name, kind, store, version, state, rotateAfter, lastUsedAt],
        usedBy.join(', '),
      ]);
      return { json: items, text: table(['NAME', 'KIND', 'STORE', 'VERSION', 'STATE', 'ROTATE AFTER', 'LAST USED', 'USED BY'], rows) };
    },
  },
  {
    name: 'secret set',
    usage: `NAME ${whose} [--kind api-key] [--rotate-after-days N] [--reference secret://vault/..]`,
    about: 'Store a secret, or give it a new value. The value is read from standard input or asked for, never taken from the command line.',
    operands: ['NAME'],
    options: { ...installation, kind: { type: 'string' }, 'rotate-after-days': { type: 'string' }, reference: { type: 'string' } },
    run: set,
  },
  {
    name: 'secret rotate',
    usage: `NAME ${whose} [--grace-hours 24] [--enter]`,
    about:
      'Have a secret renewed by a job: a new value is made, tried and put in force; the old one ends after the grace. --enter: the new value is read from standard input or asked for, for secrets whose values people make.',
    operands: ['NAME'],
    options: { ...installation, 'grace-hours': { type: 'string' }, enter: { type: 'boolean' } },
    run: rotate,
  },
  {
    name: 'secret delete',
    usage: `NAME ${whose}`,
    about: 'Delete a secret with all its versions, unless something refers to it.',
    operands: ['NAME'],
    options: installation,
    async run(context) {
      const { given, backend, tenant } = context;
      const name = given.operand('NAME');
      if (given.flag('installation')) {
        await ask(await backend(), z.unknown(), { method: 'DELETE', path: `/operator/secrets/${encodeURIComponent(name)}` });
      } else {
        const { id } = await named(context, name);
        await ask(await backend(), z.unknown(), { method: 'DELETE', path: `/api/v1/secrets/${id}`, tenant: await tenant() });
      }
      return { json: { name }, text: `${name} is deleted.` };
    },
  },
  {
    name: 'secret import',
    usage: 'FILE',
    about:
      'Move the secrets of a .env file into the sealed store of the installation, read them back, and leave references in the file. Says what to rotate, since it lay in clear. Can be run again.',
    operands: ['FILE'],
    run: importFile,
  },
];

async function list({ given, backend, tenant }: CommandContext): Promise<Listed[]> {
  const request = given.flag('installation') ? { path: '/operator/secrets' } : { path: '/api/v1/secrets', tenant: await tenant() };
  return (await ask(await backend(), listSchema, request)).items;
}

async function named(context: CommandContext, name: string): Promise<Listed> {
  const found = (await list(context)).find((one) => one.name === name);
  if (found === undefined) throw new UsageError(`There is no secret named ${name}. factotum secret list shows them all.`);
  return found;
}

async function set(context: CommandContext) {
  const { given, backend, tenant } = context;
  const name = given.operand('NAME');
  const kind = given.text('kind');
  const days = given.text('rotate-after-days');
  if (days !== undefined && !/^\d{1,4}$/.test(days)) throw new UsageError('--rotate-after-days is a number of days.');
  const rotateAfterDays = days === undefined ? undefined : Number(days);
  const reference = given.text('reference');
  const content = reference === undefined ? { value: await readValue(context, name) } : { reference };
  const more = { ...(kind === undefined ? {} : { kind }), ...(rotateAfterDays === undefined ? {} : { rotateAfterDays }) };
  const answer = z.object({ id: z.string(), version: z.number().default(1) });
  let made: z.output<typeof answer>;
  if (given.flag('installation')) {
    made = await ask(await backend(), answer, { method: 'POST', path: '/operator/secrets', json: { name, ...content, ...more } });
  } else {
    const before = (await list(context)).find((one) => one.name === name);
    if (before !== undefined && ('reference' in content || kind !== undefined))
      throw new UsageError(`There is a secret named ${name}. Delete it before you change what kind it is or where it lies.`);
    const json: Json = before === undefined ? { name, ...content, ...more } : { ...content, ...more, ifVersion: before.version };
    const request =
      before === undefined
        ? ({ method: 'POST', path: '/api/v1/secrets' } as const)
        : ({ method: 'PUT', path: `/api/v1/secrets/${before.id}` } as const);
    made = await ask(await backend(), answer, { ...request, tenant: await tenant(), json });
  }
  const { id, version } = made;
  return {
    json: { id, name, version, reference: `secret://db/${name}` },
    text: `${name} has version ${version}. Refer to it as secret://db/${name}`,
  };
}

async function rotate(context: CommandContext) {
  const { given, backend, tenant } = context;
  const name = given.operand('NAME');
  const hours = given.text('grace-hours') ?? '24';
  if (!/^\d{1,3}$/.test(hours)) throw new UsageError('--grace-hours is a number of hours.');
  const json = { graceHours: Number(hours), ...(given.flag('enter') ? { value: await readValue(context, name) } : {}) };
  const answer = z.object({ jobId: z.string() });
  const request = given.flag('installation')
    ? { path: '/operator/secrets/rotation', json: { name, ...json } }
    : { path: `/api/v1/secrets/${(await named(context, name)).id}/rotation`, tenant: await tenant(), json };
  const { jobId } = await ask(await backend(), answer, { method: 'POST', ...request });
  return { json: { name, jobId }, text: `${name} is being renewed by ${jobId}. Its old value works for ${hours} hours more.` };
}

async function readValue({ deps, given }: CommandContext, name: string): Promise<string> {
  const { terminal } = deps;
  if (given.flag('json') || terminal.askHidden === undefined) {
    const value = Buffer.from(await terminal.input())
      .toString('utf8')
      .replace(/\r?\n$/, '');
    if (value === '') throw new UsageError(`There is no value. Send it on standard input: factotum secret set ${name} < FILE`);
    return value;
  }
  const value = await terminal.askHidden(`Value of ${name} (it is not shown): `);
  if (value === '') throw new UsageError('There is no value.');
  return value;
}

interface Moved {
  readonly setting: string;
  readonly name: string;
  readonly reference: string;
}

async function importFile({ given, backend, say }: CommandContext) {
  const path = given.operand('FILE');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UsageError(`${path} cannot be read.`);
  });
  const variables = parseEnv(text);
  const moved: Moved[] = [];
  const left: { setting: string; why: string }[] = [];
  for (const [setting, value] of Object.entries(variables)) {
    const judged = judgeVariable(setting, value);
    if (judged?.kind === 'movable') moved.push({ setting, name: judged.name, reference: `secret://db/${judged.name}` });
    if (judged?.kind === 'bootstrap') left.push({ setting, why: judged.fix });
    if (judged?.kind === 'stranger') left.push({ setting, why: 'Factotum does not use it: take it out of this file.' });
  }
  if (moved.length > 0) {
    // Refused before anything is stored, if the file cannot be changed.
    const changed = replaceValues(text, new Map(moved.map(({ setting, reference }) => [setting, reference])));
    const items = moved.map(({ setting, name }) => ({ name, value: variables[setting] ?? '' }));
    const taken = await ask(await backend(), z.object({ items: z.array(z.object({ name: z.string(), version: z.number() })) }), {
      method: 'POST',
      path: '/operator/secrets/import',
      json: { items },
    });
    if (taken.items.length !== items.length) throw new Error('not every secret was read back');
    if ((await readFile(path, 'utf8')) !== text)
      throw new UsageError(`${path} was changed meanwhile. The secrets are stored; run this again.`);
    await rewriteFile(path, changed);
    say(`${path} holds references now, and only its owner may read it.`);
  }
  return {
    json: { file: path, moved: moved.map((one) => ({ ...one })), rotate: moved.map(({ setting }) => setting), left },
    text: summary(path, moved, left),
  };
}

function summary(path: string, moved: readonly Moved[], left: readonly { setting: string; why: string }[]): string {
  const lines =
    moved.length === 0
      ? [`There is nothing to move in ${path}.`]
      : ['Moved and read back:', ...moved.map(({ setting, reference }) => `  ${setting}=${reference}`)];
  if (moved.length > 0)
    lines.push(
      '',
      'These lay in clear, also in backups and copies of that file. Replace each where it was issued, then set the new value:',
      ...moved.map(({ setting, name }) => `  ${setting}: factotum secret set ${name} --installation`),
    );
  if (left.length > 0) lines.push('', 'Left as they are:', ...left.map(({ setting, why }) => `  ${setting}: ${why}`));
  return lines.join('\n');
}
