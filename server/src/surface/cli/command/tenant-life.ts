import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { openCertificate } from '#trust/tenant';
import { ask } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { list } from '../table.ts';
import { settingsOf } from './tenant.ts';

const tenantSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  title: z.string(),
  state: z.string(),
  stateSince: z.string(),
  stateReason: z.string().nullable(),
  erasesAt: z.string().nullable(),
  movedTo: z.string().nullable(),
  createdAt: z.string(),
  settings: z.record(z.string(), z.json()).nullable(),
});

const certificateSchema = z.object({ note: z.string(), verifierKey: z.string(), statement: z.json() });

const reasonOption = { reason: { type: 'string' } } as const;
const namedOptions = { ...reasonOption, name: { type: 'string' } } as const;

export const tenantLifeCommands: readonly Command[] = [
  {
    name: 'tenant show',
    usage: '[--tenant T]',
    about: 'Show a tenant: its state and its settings. An erased one by its id.',
    run: async (context) =>
      show(await ask(await context.backend(), tenantSchema, { path: '/operator/tenant', tenant: await context.tenant() })),
  },
  {
    name: 'tenant set',
    usage: '[--tenant T] --set SETTING=VALUE [--set ...]',
    about:
      "Change a tenant's settings: title, locale, timeZone, approvalTtlHours, planner, maySpendOperatorModelKey, ... null takes one back.",
    options: { set: { type: 'string', multiple: true } },
    async run(context) {
      const changes = settingsOf(context.given.texts('set'));
      if (Object.keys(changes).length === 0) throw new UsageError('Say what to set: factotum tenant set --set timeZone=Europe/Berlin');
      const request = { method: 'PUT', path: '/operator/tenant', tenant: await context.tenant(), json: changes } as const;
      return show(await ask(await context.backend(), tenantSchema, request));
    },
  },
  {
    name: 'tenant suspend',
    usage: '[--tenant T] [--reason TEXT]',
    about: 'Stop all work of a tenant and let nobody in, within seconds. Nothing is lost.',
    options: reasonOption,
    run: (context) => change(context, 'suspend'),
  },
  {
    name: 'tenant resume',
    usage: '[--tenant T]',
    about: 'Lift a suspension, or call a closing off.',
    run: (context) => change(context, 'resume'),
  },
  {
    name: 'tenant close',
    usage: '--tenant T --name NAME [--reason TEXT]',
    about:
      'Stop all work, and erase the tenant after thirty days. Until then its people can read, export, and call it off if they began it.',
    options: namedOptions,
    run: (context) => change(context, 'close'),
  },
  {
    name: 'tenant erase',
    usage: '--tenant T --name NAME [--reason TEXT]',
    about: 'Erase a tenant now. There is no way back. A running server does it; see it with: factotum job list --tenant T',
    options: namedOptions,
    run: (context) => change(context, 'erase'),
  },
  {
    name: 'tenant certificate',
    usage: '--tenant ID | FILE --key VERIFIER-KEY',
    about:
      'Show and check the certificate of a destroyed tenant; or check one in a file against the public key of the installation that signed it.',
    operands: ['[FILE]'],
    options: { key: { type: 'string' } },
    run: certificate,
  },
];

async function change(context: CommandContext, verb: string) {
  const { given } = context;
  const [reason, name] = [given.text('reason'), given.text('name')];
  if ((verb === 'close' || verb === 'erase') && (name === undefined || given.text('tenant') === undefined))
    throw new UsageError(`Name the tenant twice: factotum tenant ${verb} --tenant T --name NAME`);
  const json = { ...(reason === undefined ? {} : { reason }), ...(name === undefined ? {} : { name }) };
  return show(
    await ask(await context.backend(), tenantSchema, {
      method: 'POST',
      path: `/operator/tenant/${verb}`,
      tenant: await context.tenant(),
      json,
    }),
  );
}

function show({ settings, ...tenant }: z.output<typeof tenantSchema>) {
  const { id, name, title, state, stateSince, stateReason, erasesAt, movedTo, createdAt } = tenant;
  const said = Object.fromEntries(
    Object.entries(settings ?? {}).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
  return {
    json: z.json().parse({ id, name, title, state, stateSince, stateReason, erasesAt, movedTo, createdAt, settings }),
    text: list({
      id,
      name,
      title,
      state,
      since: stateSince,
      reason: stateReason,
      erased: erasesAt,
      moved: movedTo,
      created: createdAt,
      ...said,
    }),
  };
}

async function certificate({ given, backend, tenant }: CommandContext) {
  const file = given.operand('[FILE]');
  if (file === '') {
    const { note, verifierKey, statement } = await ask(await backend(), certificateSchema, {
      path: '/operator/tenant/certificate',
      tenant: await tenant(),
    });
    return { json: { note, verifierKey, statement }, text: `${note}\nIt holds, under the key of this installation:\n${verifierKey}` };
  }
  const key = given.text('key');
  if (key === undefined) throw new UsageError('Give the public key of the installation: factotum tenant certificate FILE --key KEY');
  const note = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  const statement = openCertificate(note, key);
  return { json: z.json().parse(statement), text: `It holds.\n${JSON.stringify(statement, null, 2)}` };
}
