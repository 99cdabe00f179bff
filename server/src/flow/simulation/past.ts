import { type EventBody, eventBodySchema } from '#flow/intake';
import { eventLabel, type Plan, type PlanStep, planSchema } from '#flow/plan';
import { type StepBody, stepBodySchema } from '#flow/run';
import type { ToolCatalogue } from '#flow/tool';
import { isFactotumError } from '#kernel';
import type { TenantKeys } from '#trust/key';
import type { Label } from '#trust/policy';
import type { AskedRow, DecidedRow, Surroundings } from './rows.ts';

/** Why nobody can say what another policy would have done. */
export const unjudgedReasons = ['unreadable', 'no_facts', 'edited', 'tool_gone', 'changed_since'] as const;
export type Unjudged = (typeof unjudgedReasons)[number];

/** One past decision with everything that the gate knew then, as far as it is kept. */
export interface Past {
  readonly row: DecidedRow;
  readonly body: StepBody;
  readonly spec: PlanStep;
  readonly source: string;
  readonly playbook: string | null;
  readonly approval: AskedRow | null;
  /** When the gate decided. */
  readonly at: Date;
  readonly taskLabels: readonly Label[];
  readonly readPrivate: boolean;
}

/** Opens what stands around decisions once, however many of them share it. */
export function createPasts(keys: TenantKeys, around: Surroundings): (row: DecidedRow, catalogue: ToolCatalogue) => Past | Unjudged {
  const events = openAll(
    around.events,
    ({ taskId }) => taskId,
    ({ eventId, body }) => keys.openJson({ kind: 'event', id: eventId }, body, eventBodySchema),
  );
  const plans = openAll(
    around.plans,
    ({ taskId, version }) => `${taskId}/${version}`,
    ({ taskId, version, body }) => keys.openJson({ kind: 'plan', id: taskId, version }, body, planSchema),
  );
  const bodyOf = ({ taskId, stepId, planVersion, body }: Pick<DecidedRow, 'taskId' | 'stepId' | 'planVersion' | 'body'>): StepBody | null =>
    opened(() => keys.openJson({ kind: 'step', id: `${taskId}/${stepId}`, version: planVersion }, body, stepBodySchema));

  return (row, catalogue) => {
    const event: EventBody | null = events.get(row.taskId) ?? null;
    const plan: Plan | null = plans.get(`${row.taskId}/${row.planVersion}`) ?? null;
    const body = bodyOf(row);
    const spec = plan?.steps.find(({ id }) => id === row.stepId);
    if (event === null || body === null || spec === undefined) return 'unreadable';
    // A step that never came before the gate: its arguments made no sense, or its turn never came.
    if (body.policyHash === '') return 'no_facts';
    if (body.editedBy !== undefined) return 'edited';
    const approval = around.approvals.findLast((one) => isOf(one, row)) ?? null;
    const at = approval?.createdAt ?? row.startedAt ?? row.finishedAt;
    if (at === null) return 'no_facts';
    const source = around.events.find(({ taskId }) => taskId === row.taskId)?.source ?? '';
    const before = around.steps.filter(
      (step) => step.taskId === row.taskId && step.planVersion === row.planVersion && step.stepId !== row.stepId && step.finishedAt <= at,
    );
    const labelOfEvent = eventLabel(source, event.provenance);
    const results = before.flatMap((step) => {
      const label = bodyOf(step)?.result?.label;
      return label === undefined ? [] : [{ tool: step.tool, label }];
    });
    return {
      ...{ row, body, spec, source, approval, at },
      playbook: around.plans.find(({ taskId, version }) => taskId === row.taskId && version === row.planVersion)?.playbook ?? null,
      taskLabels: [labelOfEvent, ...results.map(({ label }) => label)],
      readPrivate: results.some(({ tool }) => catalogue.get(tool)?.manifest.readsPrivate === true),
    };
  };
}

const isOf = (approval: AskedRow, row: DecidedRow): boolean =>
  approval.taskId === row.taskId && approval.planVersion === row.planVersion && approval.stepId === row.stepId;

function openAll<Row, Content>(rows: readonly Row[], keyOf: (row: Row) => string, open: (row: Row) => Content): Map<string, Content> {
  return new Map(
    rows.flatMap((row) => {
      const content = opened(() => open(row));
      return content === null ? [] : [[keyOf(row), content] as const];
    }),
  );
}

/** Null for what somebody has changed by hand, or an earlier release wrote: it is counted as unreadable. */
function opened<Content>(open: () => Content): Content | null {
  try {
    return open();
  } catch (error) {
    if (!isFactotumError(error, 'seal.broken')) throw error;
    return null;
  }
}
