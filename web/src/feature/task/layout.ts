import type { PlanStep } from '../../api/types.ts';

export const nodeSize = { width: 188, height: 52, gapX: 44, gapY: 14 };

export interface PlanLayout {
  nodes: { step: PlanStep; x: number; y: number }[];
  /** SVG paths from the right edge of one node to the left edge of the next. */
  edges: { from: string; to: string; path: string }[];
  width: number;
  height: number;
}

/**
 * Lays a plan out from left to right: a step stands one column after the last of those it waits for, in the order of the plan.
 * A dependency that the plan does not have, or that leads back to the step itself, is left out.
 */
export function layoutPlan(steps: readonly PlanStep[]): PlanLayout {
  const columns = columnsOf(steps);
  const rows: number[] = [];
  const tallest = Math.max(1, ...[...Map.groupBy(steps, (step) => columns.get(step.id) ?? 0).values()].map((column) => column.length));
  const counts = Map.groupBy(steps, (step) => columns.get(step.id) ?? 0);
  const nodes = steps.map((step) => {
    const column = columns.get(step.id) ?? 0;
    const row = rows[column] ?? 0;
    rows[column] = row + 1;
    // Columns with fewer steps are centred beside the tallest.
    const shift = (tallest - (counts.get(column)?.length ?? 1)) / 2;
    return { step, x: column * (nodeSize.width + nodeSize.gapX), y: (row + shift) * (nodeSize.height + nodeSize.gapY) };
  });
  const at = new Map(nodes.map((node) => [node.step.id, node]));
  const edges = nodes.flatMap((to) =>
    to.step.after.flatMap((id) => {
      const from = at.get(id);
      return from && from.x < to.x ? [{ from: id, to: to.step.id, path: curve(from, to) }] : [];
    }),
  );
  return {
    nodes,
    edges,
    width: Math.max(0, rows.length * (nodeSize.width + nodeSize.gapX) - nodeSize.gapX),
    height: tallest * (nodeSize.height + nodeSize.gapY) - nodeSize.gapY,
  };
}

function columnsOf(steps: readonly PlanStep[]): Map<string, number> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const columns = new Map<string, number>();
  const visit = (step: PlanStep, above: ReadonlySet<string>): number => {
    const known = columns.get(step.id);
    if (known !== undefined) return known;
    const path = new Set(above).add(step.id);
    const parents = step.after.flatMap((id) => byId.get(id) ?? []).filter((parent) => !path.has(parent.id));
    const column = Math.max(-1, ...parents.map((parent) => visit(parent, path))) + 1;
    columns.set(step.id, column);
    return column;
  };
  for (const step of steps) visit(step, new Set());
  return columns;
}

function curve(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const startX = from.x + nodeSize.width;
  const startY = from.y + nodeSize.height / 2;
  const endY = to.y + nodeSize.height / 2;
  const bend = (to.x - startX) / 2;
  return `M${startX} ${startY}C${startX + bend} ${startY} ${to.x - bend} ${endY} ${to.x} ${endY}`;
}
