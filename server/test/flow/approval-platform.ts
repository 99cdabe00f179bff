import assert from 'node:assert/strict';
import { type PresentedApproval, presentApproval } from '#flow/approval';
import type { Id } from '#kernel';
import { eventually, type LookedTask, testPlatform } from '../platform.ts';
import { peopleOf } from './people.ts';
import { farSide, playbook, scriptedTool, type TestStep } from './tools.ts';
import { type Hooks, hookedWorker } from './worker.ts';

/** Whether the task has come to an end, good or bad. */
export const isOver = ({ task }: Pick<LookedTask, 'task'>) => ['done', 'failed', 'cancelled'].includes(task.state);

/** Whether a second question waits, or the task is over and there will be none. */
export const isAskedAgain = ({ task, approvals }: Pick<LookedTask, 'task' | 'approvals'>) =>
  isOver({ task }) ||
  (task.state === 'waiting' && approvals.filter(({ state }) => state === 'waiting').length === 1 && approvals.length === 2);

let marks = 0;
/** A value that no other test uses, so that its effects can be counted. */
export const mark = (name: string) => `${name}${++marks}`;

/** A platform with a tool that needs a person (`pay.it`) and one that does not (`do.it`), and what tests of approvals do there. */
export async function approvalPlatform() {
  const side = farSide();
  const tools = () => [
    scriptedTool({ name: 'see.it', effect: 'read', side }),
    scriptedTool({ name: 'do.it', effect: 'write', side }),
    scriptedTool({ name: 'pay.it', effect: 'money', side, reversible: false }),
  ];
  const platform = await testPlatform({ tools });
  const people = peopleOf(platform);

  const count = (effect: string) => side.effects.filter((other) => other === effect).length;

  /** Lets a worker work until the task has come there, and takes it away again. */
  async function work(
    tenant: Id<'tenant'>,
    task: string,
    isThere: (looked: LookedTask) => boolean,
    hooks: Hooks = {},
  ): Promise<LookedTask> {
    const worker = await hookedWorker(platform, hooks);
    let last: LookedTask | undefined;
    const there = await eventually(
      async () => {
        last = await platform.look(tenant, task);
        return isThere(last) && worker.running === 0 ? last : undefined;
      },
      () =>
        `the task never came there: ${JSON.stringify([last?.task.state, last?.states, last?.approvals.map(({ state }) => state), last?.detail])}`,
    );
    await worker.stop();
    return there;
  }

  return {
    platform,
    people,
    tools,
    side,
    /** How often this has happened at the far side. */
    count,
    work,

    /** A task of these steps, brought to where it waits for a person. */
    async asked(steps: readonly TestStep[]): Promise<{ tenant: Id<'tenant'>; task: Id<'task'> }> {
      const tenant = await platform.buildTenant({ 'Playbooks/Test.md': playbook(steps) });
      const task = await platform.send(tenant, {});
      await work(tenant, task, ({ task }) => task.waitReason === 'approval');
      return { tenant, task };
    },

    /** The question that waits. */
    async openApproval(tenant: Id<'tenant'>, task: string): Promise<LookedTask['approvals'][number]> {
      const { approvals } = await platform.look(tenant, task);
      const open = approvals.find(({ state }) => state === 'waiting');
      assert.ok(open, 'somebody is asked');
      return open;
    },

    /** The n-th approval of a task as a person sees it. */
    async present(tenant: Id<'tenant'>, { task, approvals }: LookedTask, at: number): Promise<PresentedApproval> {
      const row = approvals[at];
      assert.ok(row);
      return presentApproval(await platform.keyring.of(tenant), platform.catalogue, { ...row, taskId: task.taskId });
    },

    /** What follows a change between asking and doing: nothing was done, and the same is asked anew. */
    async assertAskedAgain(tenant: Id<'tenant'>, task: string, effect: string, hooks: Hooks = {}): Promise<LookedTask> {
      const again = await work(tenant, task, isAskedAgain, hooks);
      assert.equal(count(effect), 0, 'never done');
      assert.equal(again.task.state, 'waiting', JSON.stringify(again.detail));
      assert.equal(again.approvals.filter(({ usedAt }) => usedAt !== null).length, 0);
      return again;
    },

    async assertDoneOnce(tenant: Id<'tenant'>, task: string, effect: string, hooks: Hooks = {}): Promise<LookedTask> {
      const done = await work(tenant, task, isOver, hooks);
      assert.equal(done.task.outcome, 'completed', JSON.stringify([done.states, done.detail]));
      assert.equal(count(effect), 1);
      return done;
    },
  };
}
