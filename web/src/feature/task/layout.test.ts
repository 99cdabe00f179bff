import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanStep } from '../../api/types.ts';
import { layoutPlan, nodeSize } from './layout.ts';

const step = (id: string, ...after: string[]): PlanStep => ({ id, tool: 'vault.read', title: id, effect: 'read', after, why: '' });
const columnOf = (x: number) => x / (nodeSize.width + nodeSize.gapX);

test('a step stands right of everything it waits for', () => {
  const steps = [step('a'), step('b', 'a'), step('c', 'a'), step('d', 'b', 'c'), step('e', 'a', 'd')];
  const { nodes, edges } = layoutPlan(steps);
  assert.deepEqual(
    nodes.map(({ x }) => columnOf(x)),
    [0, 1, 1, 2, 3],
  );
  assert.equal(edges.length, 6);
});

test('no two steps stand in the same place and all are inside the picture', () => {
  const steps = [step('a'), step('b'), step('c', 'a', 'b'), step('d', 'a'), step('e', 'c', 'd')];
  const { nodes, width, height } = layoutPlan(steps);
  assert.equal(new Set(nodes.map(({ x, y }) => `${x} ${y}`)).size, steps.length);
  for (const { x, y } of nodes) assert.ok(x >= 0 && y >= 0 && x + nodeSize.width <= width && y + nodeSize.height <= height);
});

test('a cycle, a step that waits for itself, and an unknown step neither hang nor throw', () => {
  const { nodes, edges } = layoutPlan([step('a', 'b'), step('b', 'a'), step('c', 'c', 'nowhere')]);
  assert.equal(nodes.length, 3);
  assert.ok(edges.length <= 1);
  assert.deepEqual(layoutPlan([]).nodes, []);
});

test('a plan of 500 steps in a row is laid out', () => {
  const steps = Array.from({ length: 500 }, (_, i) => step(`s${i}`, ...(i > 0 ? [`s${i - 1}`] : [])));
  assert.equal(columnOf(layoutPlan(steps.toReversed()).nodes[0]?.x ?? 0), 499);
});
