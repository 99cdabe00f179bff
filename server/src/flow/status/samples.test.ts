import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { newId } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { dropOldSamples, readSystem } from './index.ts';

const { database, close } = await testDatabase();
after(close);
const { pool } = database.engine;

const sample = (ago: string) => {
  const id = newId('process');
  const about = JSON.stringify({ host: 'h', pid: 1, roles: ['api'], startedAt: new Date().toISOString() });
  return pool.query(`insert into app.process_sample values ($1, now() - $2::interval, $3, '{}')`, [id, ago, about]).then(() => id);
};
const seen = async () => (await readSystem(database)).processes.map(({ id, isAlive }) => `${id} ${isAlive}`);

test('a process that wrote before the clock was set back is not said to be alive until the clock is there again', async () => {
  const gone = await sample('-3 hours');
  const here = await sample('1 second');
  assert.deepEqual(await seen(), [`${here} true`]);
  // One that lives goes on under the clock that there is.
  await pool.query(
    `insert into app.process_sample select process_id, now(), about, figures from app.process_sample where process_id = $1`,
    [gone],
  );
  assert.deepEqual((await seen()).sort(), [`${gone} true`, `${here} true`].sort());
  await dropOldSamples(database.engine);
  const { rows } = await pool.query(`select 1 from app.process_sample where at > now() + interval '1 minute'`);
  assert.equal(rows.length, 0);
});
