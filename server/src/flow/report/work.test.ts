import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTenant } from '#kernel/database';
import { testPlatform } from '../../../test/platform.ts';
import { workFigures } from './index.ts';

const platform = await testPlatform();

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
