import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTenant } from '#kernel/database';
import { peopleOf } from '../../../test/flow/people.ts';
import { farSide, playbook, scriptedTool } from '../../../test/flow/tools.ts';
import { testPlatform } from '../../../test/platform.ts';
import { workFigures } from './index.ts';

let isOpen = false;
const platform = await testPlatform({
  tools: () => [
    scriptedTool({
      name: 'door.knock',
      effect: 'write',
      side: farSide(),
      script: () =>
        isOpen ? { kind: 'done', result: {} } : { kind: 'failed', failure: 'permanent', code: 'tool.failed', message: 'Nobody opens.' },
    }),
  ],
});

test('figures count what came, what ended and what waits, of one tenant and one span', async () => {
  const { id } = await platform.createTenant({ name: 'figures', actor: 'operator:root' });
  const other = await platform.createTenant({ name: 'figures-other', actor: 'operator:root' });
  const from = new Date(Date.now() - 60_000);
  const worker = await platform.startWorker();
  const taskId = await platform.send(id, { hello: 'world' });
  await platform.send(other.id, { hello: 'world' });
  worker.kick();
  await platform.until(id, taskId, 'waiting');
  const read = (of: typeof id, span: { from: Date; to: Date }) =>
    withTenant(platform.database.app.db, of, (tx) => workFigures(tx, of, span));
  const now = { from, to: new Date(Date.now() + 60_000) };
  const figures = await read(id, now);
  assert.deepEqual(
    [figures.arrived, figures.completed, figures.waiting, figures.medianSecondsToDone, figures.approvals.medianWaitSeconds],
    [1, 0, { approval: 0, question: 1, unknown: 0 }, null, null],
  );
  assert.equal(figures.unplanned[0]?.count, 1);
  const earlier = await read(id, { from: new Date(from.getTime() - 3_600_000), to: from });
  assert.deepEqual([earlier.arrived, earlier.unplanned], [0, []]);
});

test('a task that failed is counted when it failed, and no more once it was resumed with success', async () => {
  const id = await platform.buildTenant({ 'Playbooks/Knock.md': playbook([{ id: 'knock', tool: 'door.knock' }]) });
  const from = new Date(Date.now() - 60_000);
  await platform.sequencer.start();
  const worker = await platform.startWorker();
  const taskId = await platform.send(id, {});
  worker.kick();
  assert.equal((await platform.until(id, taskId, 'failed', 'done', 'waiting')).task.state, 'failed');
  const read = (span: { from: Date; to: Date }) => withTenant(platform.database.app.db, id, (tx) => workFigures(tx, id, span));
  const now = { from, to: new Date(Date.now() + 600_000) };
  // What failed is counted from the log, which numbers its entries a moment later.
  await platform.sequencer.drained();
  const figures = await read(now);
  assert.deepEqual([figures.arrived, figures.failed, figures.completed], [1, 1, 0]);
  assert.equal((await read({ from: new Date(from.getTime() - 3_600_000), to: from })).failed, 0);
  isOpen = true;
  await peopleOf(platform).resume(id, taskId);
  worker.kick();
  assert.equal((await platform.until(id, taskId, 'done')).task.outcome, 'completed');
  const after = await read(now);
  assert.deepEqual([after.failed, after.completed], [0, 1]);
});
