import { plainArgs } from '#flow/approval';
import { decideStep, type GateResult } from '#flow/gate';
import { eventLabel, type PlanStep, resolveArgs, taskFacts } from '#flow/plan';
import { type CatalogueEntry, callFaults } from '#flow/tool';
import { canonicalJson, type ErrorCode, isFactotumError } from '#kernel';
import type { Labelled } from '#trust/policy';
import { catalogueOf, stepOf, type Work } from './work.ts';

/** One tool and its arguments as the plan writes them: a step, or what takes a step back. */
export type PlannedCall = Pick<PlanStep, 'tool' | 'args'>;
export type Args = Readonly<Record<string, Labelled>>;

/** The arguments that the plan's references mean now, or what is wrong with them. `results` names the steps that may be pointed at. */
export function resolveCall(
  work: Work,
  { stepId, call, known, results }: { stepId: string; call: PlannedCall; known: CatalogueEntry; results: readonly string[] },
): { args: Args } | { args?: Args; code: ErrorCode; fault: string } {
  try {
    const args = resolveArgs(
      { id: stepId, args: call.args },
      {
        event: { value: work.event.payload, label: labelOfEvent(work) },
        values: work.plan?.values ?? {},
        literal: work.plan?.literal ?? { sources: [], integrity: 'untrusted', readers: 'tenant' },
        task: taskFacts({
          taskId: work.taskId,
          receivedAt: work.lease.snapshot.event.receivedAt,
          timeZone: work.context.settings.timeZone,
        }),
        results: Object.fromEntries(results.flatMap((id) => resultOf(work, id))),
      },
    );
    const fits = known.input.safeParse(plainArgs(args));
    if (fits.success) return { args };
    return { args, code: 'tool.invalid_arguments', fault: `The arguments do not fit ${call.tool}: ${callFaults(fits.error).join('; ')}.` };
  } catch (error) {
    if (!isFactotumError(error)) throw error;
    return { code: error.code, fault: error.message };
  }
}

function resultOf(work: Work, stepId: string): [string, Labelled][] {
  const result = stepOf(work, stepId).body?.result;
  return result === undefined ? [] : [[stepId, result]];
}

/** What the gate says about a call with these arguments, by the policies, grants and notes that the task has in hand. */
export function gateFor(work: Work, call: PlannedCall, args: Args): GateResult {
  const done = work.steps.filter((other) => other.state === 'done' && other.body?.result !== undefined);
  return decideStep({
    tool: call.tool,
    manifest: catalogueOf(work).get(call.tool)?.manifest ?? null,
    args,
    policy: (facts) => work.tools.policies.evaluate(work.context.policy, facts),
    grants: work.context.grants,
    directory: work.context.directory,
    source: work.lease.snapshot.event.source,
    playbook: work.progress.playbook,
    spec: call,
    // Everything that the task has touched so far: the rule of two looks at the whole, not at one argument.
    taskLabels: [labelOfEvent(work), ...done.map((other) => other.body?.result?.label ?? labelOfEvent(work))],
    readPrivate: done.some((other) => catalogueOf(work).get(other.spec.tool)?.manifest.readsPrivate === true),
    now: work.tools.clock.now(),
    timeZone: work.context.settings.timeZone,
  });
}

const labelOfEvent = (work: Work) => eventLabel(work.lease.snapshot.event.source, work.event.provenance);

/** The canonical bytes that a tool gets. */
export const bytesOf = (args: Args): string => canonicalJson(plainArgs(args));
