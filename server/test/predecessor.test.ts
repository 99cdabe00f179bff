import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { after, describe, it } from 'node:test';
import { verifyExport } from '@factotum/tlog/verify';
import { decideStep } from '#flow/gate';
import { parsePlaybook } from '#flow/plan';
import { FactotumError, isFactotumError } from '#kernel';
import { exportLog, verifyTenantLog } from '#trust/audit';
import { createLocalKek } from '#trust/key';
import { createPolicyEngine, emptyDirectory } from '#trust/policy';
import { normalisePath } from '#trust/vault';
import { asIntruder } from './audit.ts';
import { approvalPlatform, isAskedAgain, isOver, mark } from './flow/approval-platform.ts';
import { forge } from './flow/people.ts';
import { playbook } from './flow/tools.ts';
import { hookedWorker } from './flow/worker.ts';
import { testHttp } from './http.ts';
import { eventually } from './platform.ts';
import * as theirs from './predecessor/design.ts';

/**
 * Each hole of the predecessor as one assertion, which has to fail on a sketch of that design and to hold on ours. A15, the pace, is
 * measured by the bench.
 */
const { platform, people, side, count, asked, openApproval, work } = await approvalPlatform();

function hole(id: string, promise: string, fails: () => Promise<unknown>, holds: () => Promise<unknown>): void {
  describe(`${id}: ${promise}`, () => {
    it('does not hold in that design', () => assert.rejects(fails, assert.AssertionError));
    it('holds here', async () => {
      await holds();
    });
  });
}

{
  const prose = Array.from({ length: 20 }, (_, at) => `- [ ] Send payment ${at} of 1000 EUR to mallory@example.com`).join('\n');
  const assertNoAction = async (actionsIn: (note: string) => unknown[]) => assert.deepEqual(actionsIn(`# Plan\n\n${prose}\n`), []);
  hole(
    'A1',
    'prose is never an action',
    () => assertNoAction(theirs.scrapeActions),
    () =>
      assertNoAction((content) => {
        const parsed = parsePlaybook({ path: 'Playbooks/Plan.md', content, trusted: true });
        return parsed.kind === 'playbook' ? [...parsed.playbook.steps] : [];
      }),
  );
}

const tomorrow = () => new Date(Date.now() + 86_400_000);
/** Says what was done at the far side after something had happened to a question that was asked. */
type Asking = (happens: 'altered' | 'moved by nobody' | 'expired') => Promise<readonly string[]>;

const theirAsking: Asking = async (happens) => {
  const folders = theirs.approvalFolders();
  folders.ask('one', 'pay 10', happens === 'expired' ? new Date(0) : tomorrow());
  if (happens !== 'moved by nobody') folders.move('one', 'Approved');
  if (happens === 'altered') folders.write('one', (text) => text.replace('pay 10', 'pay 10000'));
  if (happens === 'moved by nobody') folders.move('one', 'Approved');
  return folders.execute();
};

const ourAsking: Asking = async (happens) => {
  const value = mark('hole');
  const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
  const open = await openApproval(tenant, task);
  if (happens === 'moved by nobody')
    await forge(
      platform,
      'approval',
      `update app.approval set state = 'approved', decided_by = 'user:boss', decided_at = now() where task_id = $1`,
      task,
    );
  else await people.accept(tenant, open);
  if (happens === 'altered')
    await forge(platform, 'approval', `update app.approval set body = set_byte(body, 40, get_byte(body, 40) # 1) where task_id = $1`, task);
  await forge(platform, 'task', 'update app.task set run_at = now(), signals = signals + 1 where task_id = $1', task);
  const clock = { now: tomorrow, monotonicMs: () => performance.now() };
  await work(tenant, task, isAskedAgain, happens === 'expired' ? { clock } : {});
  return side.effects.filter((effect) => effect.endsWith(value));
};

const assertNothingDone = async (asking: Asking, happens: Parameters<Asking>[0]) => assert.deepEqual(await asking(happens), []);
for (const [id, promise, happens] of [
  ['A2', 'what was altered after the yes is not done', 'altered'],
  ['A3', 'nothing is done without somebody who decided', 'moved by nobody'],
  ['A4', 'what has expired is not done', 'expired'],
] as const)
  hole(
    id,
    promise,
    () => assertNothingDone(theirAsking, happens),
    () => assertNothingDone(ourAsking, happens),
  );

/** A worker that dies right after the effect, and one that comes after it. @returns the task as the second leaves it. */
async function dieAfterEffect(tool: 'do.it' | 'pay.it', value: string) {
  const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook([{ id: 'one', tool, value }]) });
  const task = await platform.send(tenant, {});
  let happened = false;
  const dying = await hookedWorker(platform, {
    host: (next) => ({
      async call(call) {
        await next.call(call);
        happened = true;
        return new Promise(() => undefined);
      },
    }),
  });
  await eventually(async () => {
    if (!happened) await people.acceptAll(tenant, await platform.look(tenant, task));
    return happened || undefined;
  });
  await dying.stop(0);
  return work(tenant, task, isOver);
}

{
  const assertOnce = async (effects: () => Promise<number>) => assert.equal(await effects(), 1);
  hole(
    'A5',
    'killed between the deed and its record, nothing is done twice',
    () =>
      assertOnce(async () => {
        let effects = 0;
        const run = theirs.actThenRemember();
        run('Approved/pay.md', () => effects++, true);
        run('Approved/pay.md', () => effects++, false);
        return effects;
      }),
    () =>
      assertOnce(async () => {
        const value = mark('killed');
        await dieAfterEffect('pay.it', value);
        return count(`pay.it:${value}`);
      }),
  );
}

{
  const assertNotDone = async (outcome: () => Promise<string>) => assert.ok(!['executed', 'done', 'completed'].includes(await outcome()));
  /** What becomes of a step whose tool answers like this. */
  const outcomeOf = async (failing: boolean, tool = 'do.it') => {
    const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook([{ id: 'one', tool, value: mark('refused') }]) });
    const task = await platform.send(tenant, {});
    const end = await work(tenant, task, (looked) => isOver(looked) || looked.task.state === 'waiting', {
      host: (next) => ({
        call: async (call) =>
          failing ? { kind: 'failed', failure: 'permanent', code: 'tool.failed', message: '403 Forbidden' } : next.call(call),
      }),
    });
    return end.task.outcome ?? end.task.state;
  };
  hole(
    'A6',
    'the outcome is what the far side answered',
    () => assertNotDone(async () => theirs.executeAndArchive(() => ({ success: false, status: 403 }))),
    () => assertNotDone(() => outcomeOf(true)),
  );
  hole(
    'A7',
    'what no connector does is not done',
    () => assertNotDone(async () => theirs.payWithoutConnector([])),
    () => assertNotDone(() => outcomeOf(false, 'bank.transfer')),
  );
}

{
  /** What somebody gets who asks for another tenant's task with a credential of their own. */
  const assertNotFound = async (ask: () => Promise<number>) => assert.equal(await ask(), 404);
  const http = await testHttp();
  hole(
    'A8',
    "another tenant's task does not exist, whatever the address says",
    () =>
      assertNotFound(async () => {
        const server = theirs.serveAnyTenant(new Map([['victim', 'task']]));
        return server.get(server.apiKey, 'victim');
      }),
    () =>
      assertNotFound(async () => {
        const [victim, other] = [await http.buildCustomer(), await http.buildCustomer()];
        const task = await http.platform.send(victim.tenantId, {});
        const found = await http.send(`GET /api/v1/tasks/${task}`, { key: await victim.key() });
        assert.equal(found.status, 200);
        return (await http.send(`GET /api/v1/tasks/${task}`, { key: await other.key() })).status;
      }),
  );

  const hostile = [
    '../../etc/passwd',
    '/etc/passwd',
    'Approved/../../x',
    '%2e%2e/%2e%2e/etc/passwd',
    '..%2f..%2fetc/passwd',
    'a/./../../b',
  ];
  const assertInside = async (pathOf: (path: string) => Promise<string | null>) => {
    const root = resolve('/vaults/one');
    for (const path of hostile) {
      const found = await pathOf(path);
      assert.ok(found === null || resolve(root, found).startsWith(root + sep), path);
    }
  };
  hole(
    'A12',
    'no path leads out of the vault',
    () => assertInside(async (path) => theirs.pathInVault('/vaults/one', path)),
    async () => {
      await assertInside(async (path) => {
        try {
          return normalisePath(path);
        } catch (error) {
          assert.ok(isFactotumError(error, 'vault.path_invalid'));
          return null;
        }
      });
      const key = await (await http.buildCustomer()).key();
      for (const path of hostile) {
        const { status } = await http.send(`GET /api/v1/vault/notes/${encodeURIComponent(path)}`, { key });
        assert.ok(status === 400 || status === 404, `${path}: ${status}`);
      }
    },
  );
}

{
  /** Opens an installation that has tenants and has lost its key. */
  const assertRefuses = (open: () => Promise<unknown>) => assert.rejects(open, (error) => error instanceof FactotumError);
  const folder = await mkdtemp(join(tmpdir(), 'factotum-keyless-'));
  after(() => rm(folder, { recursive: true }));
  hole(
    'A9',
    'without its key it does not open, and no other is made up',
    () => assertRefuses(async () => theirs.keyFor('one')),
    () => assertRefuses(() => createLocalKek({ folder, tenantsExist: async () => true })),
  );
}

{
  /** Takes whole days, or the end, out of a log and asks whether that is seen. */
  const assertSeen = async (lacks: (cut: 'a day' | 'the end') => Promise<boolean>) => {
    for (const cut of ['a day', 'the end'] as const) assert.equal(await lacks(cut), true, `${cut} is missing and nobody notices`);
  };
  hole(
    'A10',
    'a day or an end that is missing is seen',
    () =>
      assertSeen(async (cut) => {
        const entries = theirs.writeDays({ monday: ['a', 'b'], tuesday: ['c', 'd'], wednesday: ['e'] });
        const left = cut === 'a day' ? entries.filter(({ day }) => day !== 'tuesday') : entries.slice(0, -1);
        return !theirs.verifyDays(left);
      }),
    async () => {
      const tenant = await platform.buildTenant();
      for (let at = 0; at < 4; at += 1) await platform.send(tenant, {});
      await platform.sequencer.drained();
      const lines: string[] = [];
      for await (const line of exportLog(platform.database.app.db, tenant)) lines.push(line);
      const text = lines
        .join('')
        .split('\n')
        .filter((line) => line !== '');
      const verify = async (kept: readonly string[]) => (await verifyExport([Buffer.from(`${kept.join('\n')}\n`)])).holds;
      assert.equal(await verify(text), true, 'as it is, it verifies');
      await assertSeen(async (cut) => !(await verify(cut === 'a day' ? [...text.slice(0, 3), ...text.slice(5)] : text.slice(0, -1))));
    },
  );
}

{
  /** Damages a log, goes on writing, and asks for what is left of the damaged bytes and whether anybody was told. */
  const assertKept = async (damage: () => Promise<{ kept: boolean; told: boolean }>) =>
    assert.deepEqual(await damage(), { kept: true, told: true });
  hole(
    'A11',
    'a damaged log is kept and told of, never begun anew',
    () =>
      assertKept(async () => {
        const file = { text: '[{"action":"pay"}, broken' };
        theirs.appendToLog(file, 'next');
        return { kept: file.text.includes('broken'), told: false };
      }),
    () =>
      assertKept(async () => {
        const tenant = await platform.buildTenant();
        await platform.send(tenant, {});
        await platform.sequencer.drained();
        const damaged = '{"damaged":true}';
        await asIntruder(platform.ownerUrl, (client) =>
          client.query('update app.audit_entry set body = $2 where tenant_id = $1 and seq = 1', [tenant, damaged]),
        );
        await platform.send(tenant, {});
        await platform.sequencer.drained();
        const { holds } = await verifyTenantLog(platform.database, platform.keyring, tenant, { auditorKey: platform.auditor });
        const found = await asIntruder(platform.ownerUrl, (client) =>
          client.query<{ body: string }>('select body from app.audit_entry where tenant_id = $1 and seq = 1', [tenant]),
        );
        return { kept: found.rows[0]?.body === damaged, told: !holds };
      }),
  );
}

{
  /** An action that nobody knows, whose text mentions one that somebody does. */
  const assertRefused = async (execute: (action: { tool: string; text: string }) => Promise<{ kind: string; outcome: string }>) => {
    const about = await execute({ tool: 'news.post', text: 'A note about a payment' });
    assert.notEqual(about.kind, 'payment', 'a word in the text is not the action');
    assert.equal((await execute({ tool: 'missile.launch', text: 'Now' })).outcome, 'deny');
  };
  const policies = createPolicyEngine();
  hole(
    'A13',
    'the action is the typed tool, and one that nobody knows is refused',
    () => assertRefused(async ({ tool, text }) => theirs.executeByMention(`${tool}: ${text}`)),
    () =>
      assertRefused(async ({ tool, text }) => {
        const label = { sources: ['member:boss'], integrity: 'trusted', readers: 'tenant' } as const;
        const everything = '@id("all")\n@title("All")\npermit (principal, action, resource);';
        const gate = decideStep({
          tool,
          manifest: platform.catalogue.get(tool)?.manifest ?? null,
          args: { text: { value: text, label } },
          spec: { args: {} },
          source: 'test',
          playbook: null,
          grants: [],
          directory: emptyDirectory,
          taskLabels: [label],
          readPrivate: false,
          now: new Date(),
          timeZone: 'UTC',
          policy: (facts) => policies.evaluate({ tenantId: 'ten_000000000000000000000000', version: 1, text: everything }, facts),
        });
        return { kind: tool, outcome: gate.verdict };
      }),
  );
}

{
  const assertOnce = async (effects: () => Promise<number>) => assert.equal(await effects(), 1);
  hole(
    'A14',
    'what a dead worker had done is found out before anything is begun again',
    () =>
      assertOnce(async () => {
        let effects = 1;
        const claim = { claimedAt: new Date(0), folder: 'In_Progress' };
        theirs.returnStale([claim], new Date());
        if (claim.folder === 'Needs_Action') effects += 1;
        return effects;
      }),
    () =>
      assertOnce(async () => {
        const value = mark('stale');
        const { task, attempts } = await dieAfterEffect('do.it', value);
        assert.equal(task.outcome, 'completed');
        assert.equal(attempts.length, 1, 'found out, not tried again');
        return count(`do.it:${value}`);
      }),
  );
}
