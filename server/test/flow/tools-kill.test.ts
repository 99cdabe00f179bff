import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { eventually, testPlatform } from '../platform.ts';
import { freePort } from '../port.ts';
import { payTool } from './pay-tool.ts';
import { peopleOf } from './people.ts';

const children = new Set<ChildProcess>();
// Before the platform's own end, which waits for their connections to go.
after(async () => {
  await Promise.all([...children].map(kill));
});
const folder = await mkdtemp(join(tmpdir(), 'factotum-tools-'));
after(() => rm(folder, { recursive: true }));
const ledger = join(folder, 'ledger');
await writeFile(ledger, '');
/** The second process has to be where the first one was. */
const port = await freePort();
const platform = await testPlatform({
  tools: () => [payTool(ledger, null)],
  environment: { FACTOTUM_TOOLS_URL: `https://127.0.0.1:${port}` },
});
const people = peopleOf(platform);

test('the process that serves tools is killed in the middle of payments: each is made exactly once', async () => {
  const first = await startTools({ hangs: true });
  await platform.startWorker();
  const playbook = (value: string) =>
    `---\ntitle: Pay\nwhen: { source: test }\nsteps:\n  - { id: pay, tool: pay.slow, args: { value: ${value} } }\n---\n`;
  const tasks = [];
  for (const value of ['before', 'after']) {
    const tenant = await platform.buildTenant({ 'Playbooks/Pay.md': playbook(value) });
    const task = await platform.send(tenant, {});
    await people.acceptAll(tenant, await platform.until(tenant, task, 'waiting'));
    tasks.push({ tenant, task });
  }
  await eventually(
    async () => (/hangs before/.test(first.said()) && /hangs after/.test(first.said()) ? true : undefined),
    first.said,
    60_000,
  );
  await kill(first.child);
  await startTools({ hangs: false });
  let askedAgain = 0;
  for (const { tenant, task } of tasks) {
    const ended = await eventually(
      async () => {
        const looked = await platform.look(tenant, task);
        // What is known not to have happened is asked anew, since it is money; nothing is left for a person to find out.
        assert.notEqual(looked.states.pay, 'unknown');
        const waiting = looked.approvals.filter(({ state }) => state === 'waiting');
        if (waiting.length > 0) {
          askedAgain += 1;
          await people.acceptAll(tenant, looked);
        }
        return looked.task.state === 'done' ? looked : undefined;
      },
      () => 'the payment did not come to its end',
      120_000,
    );
    assert.equal(ended.states.pay, 'done');
  }
  assert.equal(askedAgain, 1, 'the one that was cut off before it paid');
  const paid = (await readFile(ledger, 'utf8')).trim().split('\n');
  assert.deepEqual(paid.toSorted(), tasks.map(({ task }) => `${task}/1/pay`).toSorted());
});

async function startTools({ hangs }: { hangs: boolean }) {
  const script = join(import.meta.dirname, 'tools-process.ts');
  const given = JSON.stringify({ environment: platform.environment, ledger, port, hangs });
  const child = spawn(process.execPath, [script, given], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const said = () => text;
  await eventually(
    async () => (text.includes('serves') ? true : undefined),
    () => `it does not serve: ${text}`,
    60_000,
  );
  return { child, said };
}

async function kill(child: ChildProcess): Promise<void> {
  const isGone = once(child, 'exit');
  child.kill('SIGKILL');
  await isGone;
}
