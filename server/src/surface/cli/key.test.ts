import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import { createLogger, readConfig } from '#kernel';
import { openGenerationCertificate } from '#trust/encryption';
import { testHttp } from '../../../test/http.ts';
import { operatorAlone, startJobs } from '../../../test/jobs.ts';
import { eventually } from '../../../test/platform.ts';
import type { CommandDeps } from './command.ts';
import { runCommand } from './run-command.ts';

const { platform, http } = await testHttp({ rotation: { settleMs: 20, pace: { rowsPerSecondMax: 50_000, share: 0.9 } } });
startJobs(platform);
const folder = await mkdtemp(join(tmpdir(), 'factotum-command-'));
after(() => rm(folder, { recursive: true }));
let [out, err] = ['', ''];
const unused = () => Promise.reject(new Error('not used here'));
// Commands of this test open the parts alone; everything that others need is left out.
const deps = {
  configure: () => readConfig({ FACTOTUM_DATA: folder }),
  openAlone: async () => ({
    fetch: http.fetchAs,
    operator: operatorAlone(platform),
    log: createLogger({ level: 'silent' }),
    close: async () => undefined,
  }),
  terminal: {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    input: unused,
  },
} as unknown as CommandDeps;
const run = async (...argv: string[]) => {
  [out, err] = ['', ''];
  const exit = await runCommand(argv, deps);
  return { exit, out, err };
};
const ask = async (...argv: string[]): Promise<unknown> => {
  const { exit, out: said, err: fault } = await run(...argv, '--json');
  assert.equal(exit, 0, fault);
  return JSON.parse(said);
};

const statusSchema = z.object({
  generations: z.array(z.object({ generation: z.number(), state: z.string() })),
  job: z.object({ id: z.string(), state: z.string() }).nullable(),
});
const statusOf = async (tenant: string) => statusSchema.parse(await ask('key', 'status', '--tenant', tenant));
const jobSchema = z.object({ jobId: z.string() });
const done = (jobId: string) =>
  eventually(
    async () => {
      const { state } = z.object({ state: z.string() }).parse(await ask('job', 'show', jobId));
      assert.notEqual(state, 'failed');
      return state === 'done' ? true : undefined;
    },
    () => `${jobId} did not end`,
    60_000,
  );
let made = 0;
const build = async () => {
  made += 1;
  return platform.createTenant({ name: `keys-${made}`, actor: 'operator:test' });
};

test('key rotate, then key destroy: nothing opens under the old generation any more, and the certificate is printed', async () => {
  const { id, name } = await build();
  const { jobId } = jobSchema.parse(await ask('key', 'rotate', '--tenant', name));
  await done(jobId);
  assert.deepEqual((await statusOf(name)).generations, [
    { generation: 1, state: 'retired' },
    { generation: 2, state: 'active' },
  ]);
  const text = (await run('key', 'status', '--tenant', name)).out;
  assert.match(text, /local/);
  assert.match(text, new RegExp(`${jobId} encryption\\.reseal done`));

  assert.equal((await run('key', 'destroy', '1', '--tenant', name)).exit, 2, 'nothing is destroyed by a slip');
  assert.equal((await run('key', 'destroy', '1', '--tenant', name, '--confirm', 'yes')).exit, 2);
  assert.match((await run('key', 'destroy', '2', '--tenant', name, '--confirm', 'destroy')).err, /in force/);
  const certificate = z
    .object({ note: z.string(), verifierKey: z.string() })
    .parse(await ask('key', 'destroy', '1', '--tenant', name, '--confirm', 'destroy'));
  const said = openGenerationCertificate(certificate.note, certificate.verifierKey);
  assert.deepEqual([said.tenantId, said.generation], [id, 1]);
  assert.deepEqual((await statusOf(name)).generations[0], { generation: 1, state: 'destroyed' });
});

test('key rotate --destroy-old does both', async () => {
  const { name } = await build();
  await done(jobSchema.parse(await ask('key', 'rotate', '--destroy-old', '--tenant', name)).jobId);
  assert.deepEqual((await statusOf(name)).generations, [
    { generation: 1, state: 'destroyed' },
    { generation: 2, state: 'active' },
  ]);
});

test('key rewrap of one tenant and of all leaves the generations as they are', async () => {
  const { name } = await build();
  await done(jobSchema.parse(await ask('key', 'rewrap', '--tenant', name)).jobId);
  await done(jobSchema.parse(await ask('key', 'rewrap', '--all')).jobId);
  assert.deepEqual((await statusOf(name)).generations, [{ generation: 1, state: 'active' }]);
  const all = z
    .object({ provider: z.object({ kind: z.string() }), seeds: z.array(z.object({ provider: z.string(), seeds: z.number() })) })
    .parse(await ask('key', 'status', '--all'));
  assert.equal(all.provider.kind, 'local');
  assert.ok(all.seeds.reduce((sum, { seeds }) => sum + seeds, 0) >= made);
});

test('key revoke wipes the keys of one tenant, and of all', async () => {
  const [one, other] = [await build(), await build()];
  const [keys, others] = [await platform.keyring.of(one.id), await platform.keyring.of(other.id)];
  await ask('key', 'revoke', '--tenant', one.name);
  assert.throws(() => keys.mac('x', 'y'), { code: 'key.unavailable' });
  assert.ok(others.mac('x', 'y').length > 0);
  await ask('key', 'revoke', '--all');
  assert.throws(() => others.mac('x', 'y'), { code: 'key.unavailable' });
});
