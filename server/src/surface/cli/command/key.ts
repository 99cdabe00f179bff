import { z } from 'zod';
import { ask } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { list, table } from '../table.ts';

const guardSchema = z.object({
  kind: z.string(),
  kekId: z.string(),
  kekVersion: z.string(),
  own: z.boolean(),
  health: z.object({ ok: z.boolean(), latencyMs: z.number().nullable(), at: z.string().nullable(), error: z.string().nullable() }),
});
type Guard = z.output<typeof guardSchema>;

const statusSchema = z.looseObject({
  provider: guardSchema,
  cacheSeconds: z.number(),
  generations: z.array(
    z.looseObject({
      generation: z.number(),
      state: z.string(),
      provider: z.string(),
      kekId: z.string(),
      createdAt: z.string(),
      destroyedAt: z.string().nullable(),
      objects: z.number().nullable(),
    }),
  ),
  job: z
    .looseObject({
      id: z.string(),
      kind: z.string(),
      state: z.string(),
      progress: z.object({ done: z.number(), of: z.number().nullable(), unit: z.string() }).nullable(),
    })
    .nullable(),
});
const installationSchema = z.looseObject({
  provider: guardSchema,
  cache: z.object({ seconds: z.number(), size: z.number(), hits: z.number(), misses: z.number() }),
  seeds: z.array(z.object({ provider: z.string(), kekId: z.string(), kekVersion: z.string(), state: z.string(), seeds: z.number() })),
});
const jobSchema = z.object({ jobId: z.string() });
const certificateSchema = z.object({ generation: z.number(), note: z.string(), verifierKey: z.string(), createdAt: z.string() });

const path = '/api/v1/encryption';
const allOption = { all: { type: 'boolean' } } as const;

export const keyCommands: readonly Command[] = [
  {
    name: 'key status',
    usage: '[--tenant T | --all]',
    about: "Show who guards a tenant's keys, what is sealed under which generation, and how far a rotation is; or all tenants' keys.",
    options: allOption,
    run: (context) => (context.given.flag('all') ? installationStatus(context) : tenantStatus(context)),
  },
  {
    name: 'key rotate',
    usage: '[--tenant T] [--destroy-old]',
    about:
      'Seal everything under a new generation of keys, in the background and while work goes on. --destroy-old: backups from before then open only with a key backup.',
    options: { 'destroy-old': { type: 'boolean' } },
    async run(context) {
      const json = { destroyOld: context.given.flag('destroy-old') };
      return began(
        await ask(await context.backend(), jobSchema, {
          method: 'POST',
          path: `${path}/rotation`,
          tenant: await context.tenant(),
          json,
        }),
      );
    },
  },
  {
    name: 'key rewrap',
    usage: '[--tenant T | --all]',
    about: 'Wrap the keys anew with whoever guards them now, under the newest version of their key. What is sealed stays as it is.',
    options: allOption,
    async run(context) {
      const where = context.given.flag('all')
        ? { path: '/operator/encryption/rewrap' }
        : { path: `${path}/rewrap`, tenant: await context.tenant() };
      return began(await ask(await context.backend(), jobSchema, { method: 'POST', ...where }));
    },
  },
  {
    name: 'key revoke',
    usage: '[--tenant T | --all]',
    about: 'Take the keys out of the memory of every process within seconds. Who needs them asks their provider again.',
    options: allOption,
    async run(context) {
      if (context.given.flag('all')) {
        const { tenants } = await ask(await context.backend(), z.object({ tenants: z.number() }), {
          method: 'POST',
          path: '/operator/encryption/revocation',
        });
        return { json: { tenants }, text: `The keys of ${tenants} tenants are in no memory any more.` };
      }
      const tenant = await context.tenant();
      await ask(await context.backend(), z.null(), { method: 'POST', path: `${path}/revocation`, tenant });
      return { json: { tenant, state: 'revoked' }, text: `The keys of ${tenant} are in no memory any more.` };
    },
  },
  {
    name: 'key destroy',
    usage: 'GENERATION [--tenant T] --confirm destroy',
    about:
      'Destroy an old generation under which nothing is sealed any more, and print the signed certificate. Backups from before the rotation open only with a key backup.',
    operands: ['GENERATION'],
    options: { confirm: { type: 'string' } },
    async run({ given, backend, tenant }) {
      if (given.text('confirm') !== 'destroy')
        throw new UsageError('There is no way back. Say so: factotum key destroy GENERATION --confirm destroy');
      const certificate = await ask(await backend(), certificateSchema, {
        method: 'DELETE',
        path: `${path}/generations/${encodeURIComponent(given.operand('GENERATION'))}`,
        tenant: await tenant(),
        json: { confirm: 'destroy' },
      });
      return { json: certificate, text: `${certificate.note}\nSigned by the installation with this key:\n${certificate.verifierKey}` };
    },
  },
];

const began = ({ jobId }: z.output<typeof jobSchema>) => ({
  json: { jobId },
  text: `${jobId}\nA running server does it. See how far: factotum job show ${jobId}`,
});

async function tenantStatus({ backend, tenant }: CommandContext) {
  const status = await ask(await backend(), statusSchema, { path, tenant: await tenant() });
  const { provider, cacheSeconds, generations, job } = status;
  const rows = generations.map(({ generation, state, objects, provider: kind, kekId, createdAt, destroyedAt }) => [
    String(generation),
    state,
    objects === null ? '?' : String(objects),
    `${kind} ${kekId}`,
    createdAt,
    destroyedAt ?? '',
  ]);
  const progress = job?.progress ?? null;
  const far = progress === null ? '' : `, ${progress.done}${progress.of === null ? '' : ` of ${progress.of}`} ${progress.unit}`;
  return {
    json: z.json().parse(status),
    text: `${list({ ...guardLines(provider), 'in memory': `${cacheSeconds} s`, job: job === null ? null : `${job.id} ${job.kind} ${job.state}${far}` })}\n\n${table(['GENERATION', 'STATE', 'OBJECTS', 'WRAPPED BY', 'SINCE', 'DESTROYED'], rows)}`,
  };
}

async function installationStatus({ backend }: CommandContext) {
  const status = await ask(await backend(), installationSchema, { path: '/operator/encryption' });
  const { provider, cache, seeds } = status;
  const rows = seeds.map((row) => [row.provider, row.kekId, row.kekVersion, row.state, String(row.seeds)]);
  return {
    json: z.json().parse(status),
    text: `${list({ ...guardLines(provider), 'in memory': `${cache.size} tenants, ${cache.seconds} s, ${cache.hits} found and ${cache.misses} unwrapped` })}\n\n${table(['PROVIDER', 'KEY', 'VERSION', 'STATE', 'SEEDS'], rows)}`,
  };
}

const guardLines = ({ kind, kekId, kekVersion, own, health }: Guard) => ({
  provider: `${kind}${own ? ', the tenant’s own' : ''}`,
  key: kekId,
  version: kekVersion,
  health: health.ok ? `answers in ${Math.round(health.latencyMs ?? 0)} ms` : `does not answer: ${health.error ?? ''}`,
});
