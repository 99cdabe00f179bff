import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger, readConfig } from '#kernel';
import { operatorAlone, startJobs } from '../../../test/jobs.ts';
import { eventually, testPlatform } from '../../../test/platform.ts';
import type { CommandDeps } from './command.ts';
import { runCommand } from './run-command.ts';

const platform = await testPlatform();
const folder = await mkdtemp(join(tmpdir(), 'factotum-command-'));
after(() => rm(folder, { recursive: true }));
let [out, err] = ['', ''];
const unused = () => Promise.reject(new Error('not used here'));
// Commands of this test open the parts alone; everything that others need is left out.
const deps = {
  configure: () => readConfig({ FACTOTUM_DATA: folder }),
  openAlone: async () => ({
    fetch: unused,
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
  const exit = await runCommand([...argv, '--json'], deps);
  return { exit, answer: JSON.parse(out === '' ? 'null' : out) as Record<string, never> };
};

test('a tenant is set up, suspended, resumed and closed by command', async () => {
  const { id, name } = await platform.createTenant({ name: 'by-command', actor: 'operator:test' });
  const set = await run('tenant', 'set', '--tenant', name, '--set', 'title=By Command', '--set', 'retentionDays=90');
  assert.deepEqual([set.exit, set.answer.title], [0, 'By Command'], err);
  assert.equal((await run('tenant', 'set', '--tenant', name, '--set', 'title=null')).answer.title, name);
  assert.equal((await run('tenant', 'set', '--tenant', name, '--set', 'colour=red')).exit, 1);
  assert.equal((await run('tenant', 'suspend', '--tenant', name, '--reason', 'unpaid')).answer.stateReason, 'unpaid');
  assert.equal((await run('tenant', 'suspend', '--tenant', name)).exit, 1);
  assert.equal((await run('tenant', 'resume', '--tenant', name)).answer.state, 'active');
  assert.equal((await run('tenant', 'close', '--tenant', name)).exit, 2, 'the name is typed again');
  assert.equal((await run('tenant', 'close', '--tenant', name, '--name', 'other')).exit, 1);
  assert.equal((await run('tenant', 'close', '--tenant', name, '--name', name)).answer.state, 'closing');
  const { answer } = await run('job', 'list', '--tenant', name);
  assert.deepEqual(
    (answer as unknown as { kind: string; state: string }[]).map(({ kind, state }) => [kind, state]),
    [['tenant.erase', 'waiting']],
  );
  const [erasure] = answer as unknown as { id: string }[];
  assert.equal((await run('job', 'cancel', erasure?.id ?? '')).exit, 1, 'a closing is called off as a whole');
  assert.equal((await run('tenant', 'resume', '--tenant', id)).answer.state, 'active');
  assert.equal((await run('job', 'show', erasure?.id ?? '')).answer.state, 'cancelled');
});

test('an erased tenant has a certificate that anybody can check with the public key, and a log that can be exported', async () => {
  const { id, name } = await platform.createTenant({ name: 'gone', actor: 'operator:test' });
  assert.equal((await run('tenant', 'erase', '--tenant', name, '--name', name)).exit, 0);
  assert.equal((await run('tenant', 'certificate', '--tenant', id)).exit, 1);
  startJobs(platform);
  const { note, verifierKey } = await eventually(async () => {
    const { exit, answer } = await run('tenant', 'certificate', '--tenant', id);
    return exit === 0 ? answer : undefined;
  });
  const file = join(folder, 'certificate.txt');
  await writeFile(file, String(note));
  const checked = await run('tenant', 'certificate', file, '--key', String(verifierKey));
  assert.deepEqual([checked.exit, checked.answer.tenantId], [0, id]);
  await writeFile(file, String(note).replace('"people":1', '"people":2'));
  assert.equal((await run('tenant', 'certificate', file, '--key', String(verifierKey))).exit, 1);
  assert.equal((await run('tenant', 'certificate', file)).exit, 2);
  assert.equal((await run('tenant', 'show', '--tenant', id)).answer.state, 'erased');
  const exported = await run('audit', 'export', join(folder, 'log.jsonl'), '--tenant', id);
  assert.equal(exported.exit, 0, err);
});

test('registrations are listed and decided by command', async () => {
  assert.deepEqual((await run('registration', 'list')).answer, []);
  const { exit, answer } = await run('registration', 'approve', 'reg_000000000000000000000000');
  assert.deepEqual([exit, (answer.error as unknown as { code: string }).code], [1, 'registration.not_found']);
});
