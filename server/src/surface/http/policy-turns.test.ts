import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFactotumError, newId } from '#kernel';
import { createTextTurns } from './policy-turns.ts';

test('one tenant has one policy text looked at at a time, few wait, and others are let through meanwhile', async () => {
  const inTurn = createTextTurns({ monotonicMs: () => 0 });
  const [busy, other] = [newId('tenant', Date.now()), newId('tenant', Date.now())];
  const held = Promise.withResolvers<void>();
  let atOnce = 0;
  const work = async () => {
    atOnce += 1;
    assert.equal(atOnce, 1);
    await held.promise;
    atOnce -= 1;
  };
  const taken = Array.from({ length: 11 }, () => inTurn(busy, work));
  await assert.rejects(inTurn(busy, work), (error) => isFactotumError(error, 'policy.simulation_busy'));
  assert.equal(await inTurn(other, async () => 'looked at'), 'looked at');
  held.resolve();
  await Promise.all(taken);
});
