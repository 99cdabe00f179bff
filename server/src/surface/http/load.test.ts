import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Id, isFactotumError, newId } from '#kernel';
import { createLoad } from './load.ts';

const limits = { inFlightMax: 40, shareMin: 4, delayMsMax: 100 };
const overloaded = (error: unknown) => isFactotumError(error, 'server.overloaded');
const ids = (count: number): Id<'tenant'>[] => Array.from({ length: count }, () => newId('tenant'));

/** How many requests of one tenant are let in beside each other. */
function fill(load: ReturnType<typeof createLoad>, tenantId: Id<'tenant'>, tries = 100): (() => void)[] {
  const places: (() => void)[] = [];
  for (let at = 0; at < tries; at += 1)
    try {
      places.push(load.enter(tenantId));
    } catch (error) {
      assert.ok(overloaded(error));
      break;
    }
  return places;
}

test('while there is room nobody is refused, however much one asks', () => {
  const [one] = ids(1);
  assert.equal(
    fill(
      createLoad(limits, () => 0),
      one!,
      40,
    ).length,
    40,
  );
});

test('one tenant alone has all of a full process, and others come in beside it', () => {
  const load = createLoad(limits, () => 0);
  const [greedy, ...others] = ids(5);
  assert.equal(fill(load, greedy!).length, 40);
  for (const other of others) assert.equal(fill(load, other, 4).length, 4, 'what everybody may have');
  assert.throws(() => load.enter(greedy!), overloaded);
});

test('a process that is late gives each tenant its share, and nobody less than a page asks for', () => {
  const load = createLoad(limits, () => 101);
  const two = ids(2);
  for (const tenantId of two) load.enter(tenantId)();
  assert.equal(fill(load, two[0]!).length, 20, 'half');
  assert.equal(fill(load, two[1]!).length, 20, 'and the other half');
  const many = createLoad(limits, () => 101);
  const quiet = ids(40);
  for (const tenantId of quiet) many.enter(tenantId)();
  assert.equal(fill(many, quiet[0]!).length, 4);
});

test('a place is given back once, and then somebody else has it', () => {
  const load = createLoad(limits, () => 0);
  const [one] = ids(1);
  const [first, ...rest] = fill(load, one!);
  first?.();
  first?.();
  assert.equal(fill(load, one!).length, 1);
  for (const leave of rest) leave();
  assert.equal(fill(load, one!).length, 39, 'all but the one that was taken in between');
});
