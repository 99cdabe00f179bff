import { type ToolCatalogue, withPlugged } from '#flow/tool';
import { isFactotumError } from '#kernel';
import { eventLabel } from './event-label.ts';
import { type MatchedEvent, matchPlaybooks, planFromPlaybook } from './match.ts';
import type { ModelPlanner } from './model.ts';
import type { OwnModels } from './own-models.ts';
import type { FaultyPlaybook } from './playbook.ts';
import type { Planner, PlanningContext, PlanningTask, PlanOutcome } from './schema.ts';
import { validatePlan } from './validate.ts';

/** All planners as one. */
export interface Planning {
  /** Whether planning will ask nobody outside, and so takes no time worth showing. */
  isQuick(task: PlanningTask, context: PlanningContext): boolean;
  readonly plan: Planner;
  close(): Promise<void>;
}

/**
 * Plans by the first playbook that fits, else by the model, else asks a person. Once a person has answered, the model goes first: a
 * playbook cannot read the answer and would only make the same plan again.
 *
 * @param deps.model - the operator's; it serves tenants that may spend its key and have no model of their own.
 */
export function createPlanning(deps: {
  readonly catalogue: ToolCatalogue;
  readonly model: ModelPlanner | null;
  readonly ownModels: OwnModels;
}): Planning {
  const { catalogue, model, ownModels } = deps;
  // `isQuick` and `plan` are asked about the same task one after the other.
  const known = new WeakMap<PlanningTask, ByPlaybook>();
  const tryPlaybooks = (task: PlanningTask, context: PlanningContext): ByPlaybook => {
    const answer = known.get(task) ?? planByPlaybook(task, context, withPlugged(catalogue, context.pluggedTools));
    known.set(task, answer);
    return answer;
  };
  const modelFor = (context: PlanningContext): Planner | null => {
    if (context.planner !== 'model') return null;
    const { ownModel } = context;
    if (ownModel !== null) return async (task, asked) => planByOwn(() => ownModels.plannerOf(task.tenantId, ownModel), task, asked);
    const isChosen = context.model === null || context.model === model?.model;
    return isChosen && context.maySpendOperatorModelKey ? (model?.plan ?? null) : null;
  };
  return {
    isQuick: (task, context) =>
      modelFor(context) === null || (task.answers.length === 0 && tryPlaybooks(task, context).outcome !== undefined),
    async plan(task, context) {
      const ask = modelFor(context);
      if (ask !== null && task.answers.length > 0) return ask(task, context);
      const { outcome, remarks } = tryPlaybooks(task, context);
      if (outcome !== undefined) return outcome;
      return ask === null ? noPlanner(task, remarks) : ask(task, context);
    },
    async close() {
      await model?.close();
      await ownModels.close();
    },
  };
}

/** How long a task waits for a place of secrets that does not answer. */
const secretPauseMs = 30_000;

/** By the tenant's own model. That its key cannot be had now is waited out; that there is none is for a person. */
async function planByOwn(open: () => Promise<ModelPlanner>, task: PlanningTask, context: PlanningContext): Promise<PlanOutcome> {
  let planner: ModelPlanner;
  try {
    planner = await open();
  } catch (error) {
    if (!isFactotumError(error)) throw error;
    const { code, message } = error;
    if (error.retry) return { kind: 'retry', afterMs: secretPauseMs, code, message };
    const advice = 'Correct it in the settings of the model, then let it try again.';
    return { kind: 'question', code: 'model.misconfigured', question: `Your AI model cannot be asked: ${message} ${advice}` };
  }
  return planner.plan(task, context);
}

interface ByPlaybook {
  readonly outcome: PlanOutcome | undefined;
  /** What a person should know when no playbook made a plan: which almost fitted, which are broken. */
  readonly remarks: readonly string[];
}

function planByPlaybook(task: PlanningTask, context: PlanningContext, catalogue: ToolCatalogue): ByPlaybook {
  const label = eventLabel(task.source, task.event.provenance);
  const event: MatchedEvent = { source: task.source, kind: task.kind, payload: task.event.payload, label };
  const { matches, near } = matchPlaybooks(event, context.playbooks, context);
  const unusable: FaultyPlaybook[] = [];
  for (const match of matches) {
    const { playbook } = match;
    const validated = validatePlan(planFromPlaybook(match, event, { ...task, timeZone: context.timeZone }), catalogue, event.payload);
    if (validated.plan !== undefined)
      return { outcome: { kind: 'plan', plan: validated.plan, planner: 'playbook', playbook: playbook.title }, remarks: [] };
    unusable.push({ path: playbook.path, title: playbook.title, faults: validated.faults });
  }
  const remarks = near.map(({ playbook, reasons }) => `Playbook "${playbook.title}" almost fitted: ${reasons.join('; ')}.`);
  const broken = context.faultyPlaybooks.map((playbook) => `Playbook "${playbook.title}" cannot be read: ${firstOf(playbook.faults)}`);
  // Somebody wrote down how to do this. Letting a model guess instead would hide that it does not work.
  if (unusable.length > 0) return { outcome: faultyQuestion(unusable), remarks };
  return { outcome: undefined, remarks: [...remarks, ...broken] };
}

function faultyQuestion(unusable: readonly FaultyPlaybook[]): PlanOutcome {
  const lines = unusable.map(({ title, faults }) => `Playbook "${title}" fits, but cannot be carried out: ${firstOf(faults)}`);
  return {
    kind: 'question',
    code: 'plan.invalid',
    question: `${lines.join(' ')} Correct the playbook and let it try again, or handle this yourself.`,
  };
}

function noPlanner(task: PlanningTask, remarks: readonly string[]): PlanOutcome {
  const what = task.source === 'mail' ? 'this mail' : `this (${task.kind} from ${task.source})`;
  const advice = 'Handle it yourself, or write a playbook for it and let it try again.';
  return {
    kind: 'question',
    code: 'plan.no_planner',
    question: [`No playbook says what to do with ${what}, and no AI model is connected.`, ...remarks.slice(0, 5), advice].join(' '),
  };
}

function firstOf(faults: readonly string[]): string {
  const more = faults.length > 3 ? ` (and ${faults.length - 3} more)` : '';
  return `${faults.slice(0, 3).join(' ')}${more}`;
}
