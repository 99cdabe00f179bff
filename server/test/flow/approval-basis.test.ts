import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCatalogue } from '#flow/tool';
import { eventually } from '../platform.ts';
import { approvalPlatform, isAskedAgain, isOver, mark } from './approval-platform.ts';
import { playbook } from './tools.ts';
import { type Hooks, hookedWorker } from './worker.ts';

const { platform, people, tools, count, work, asked, openApproval, present, assertAskedAgain, assertDoneOnce } = await approvalPlatform();
const { accept, changePolicy } = people;

describe('what the approval rested on', () => {
  it('changed with the tool: asked again by a worker that has the new one', async () => {
    const value = mark('tool');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    const changed = tools().map((tool) => ({ ...tool, manifest: { ...tool.manifest, consequence: 'Something else is done.' } }));
    await assertAskedAgain(tenant, task, `pay.it:${value}`, { catalogue: createCatalogue(changed) });
  });

  const stricter = (text: string) => text.replace('Every payment needs a person', 'Every payment needs two looks');
  const elsewhere = (text: string) => text.replace('Sending mail needs a person', 'Mail goes past a person');
  const forbidden = (text: string) =>
    `${text}\n@id("no-pay")\n@title("Nothing is paid")\nforbid (principal, action, resource) when { context.effect == "money" };\n`;

  it('changed with the policy that decides, before somebody said yes: asked again', async () => {
    const value = mark('before');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await changePolicy(tenant, stricter);
    await accept(tenant, await openApproval(tenant, task));
    await assertAskedAgain(tenant, task, `pay.it:${value}`);
  });

  it('changed with the policy that decides, after somebody said yes: asked again', async () => {
    const value = mark('after');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    await changePolicy(tenant, stricter);
    const again = await assertAskedAgain(tenant, task, `pay.it:${value}`);
    const why = await present(tenant, again, 1);
    assert.match(why.reason, /You are asked again: the policy that decides about it has changed since/);
    await people.acceptAll(tenant, again);
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
  });

  /** Saves a policy between the gate's look and the commit of the intent. */
  const inTheWindow = (change: (text: string) => string): Hooks => {
    let changed = false;
    return {
      async beforeCommit({ attempts = [] }, { snapshot }) {
        if (changed || attempts.length === 0) return;
        changed = true;
        await changePolicy(snapshot.task.tenantId, change);
      },
    };
  };

  it('changed with the policy between the last look and the commit of the intent: asked again', async () => {
    const value = mark('window');
    const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
    await accept(tenant, await openApproval(tenant, task));
    const worker = await hookedWorker(platform, inTheWindow(stricter));
    const again = await eventually(async () => {
      const looked = await platform.look(tenant, task);
      return isAskedAgain(looked) ? looked : undefined;
    });
    await worker.stop();
    assert.equal(count(`pay.it:${value}`), 0);
    assert.equal(again.task.state, 'waiting');
    assert.deepEqual(
      again.attempts.map(({ outcome }) => outcome),
      ['failed'],
      'the intent is on record as not carried out',
    );
    await people.acceptAll(tenant, again);
    await assertDoneOnce(tenant, task, `pay.it:${value}`);
  });

  it('forbidden by a new policy, also in the window: refused, never done', async () => {
    for (const hooks of [undefined, inTheWindow(forbidden)]) {
      const value = mark('forbidden');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      await accept(tenant, await openApproval(tenant, task));
      if (hooks === undefined) await changePolicy(tenant, forbidden);
      const refused = await work(tenant, task, isOver, hooks);
      assert.equal(refused.task.outcome, 'refused');
      assert.match(refused.detail.note ?? '', /Nothing is paid/);
      assert.equal(count(`pay.it:${value}`), 0);
      assert.equal(refused.approvals.filter(({ state }) => state === 'approved' || state === 'waiting').length, 0);
    }
  });

  it('not touched by a policy about something else: nobody is disturbed, at no moment', async () => {
    const moments = ['before', 'after', 'window'] as const;
    for (const moment of moments) {
      const value = mark('elsewhere');
      const { tenant, task } = await asked([{ id: 'pay', tool: 'pay.it', value }]);
      if (moment === 'before') await changePolicy(tenant, elsewhere);
      await accept(tenant, await openApproval(tenant, task));
      if (moment === 'after') await changePolicy(tenant, elsewhere);
      const done = await assertDoneOnce(tenant, task, `pay.it:${value}`, moment === 'window' ? inTheWindow(elsewhere) : {});
      assert.equal(done.approvals.length, 1, moment);
    }
  });

  it('an effect that needed nobody is looked at again as well when the policy changes in the window', async () => {
    const value = mark('auto');
    const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook([{ id: 'one', tool: 'do.it', value }]) });
    const task = await platform.send(tenant, {});
    const asks = (text: string) =>
      text.replace('context.effect == "write" && context.reversible', 'context.effect == "nothing" && context.reversible');
    const waiting = await work(tenant, task, ({ task }) => task.state === 'waiting' || task.state === 'done', inTheWindow(asks));
    assert.equal(waiting.task.waitReason, 'approval');
    assert.equal(count(`do.it:${value}`), 0);
  });
});
