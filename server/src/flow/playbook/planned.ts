import { type Arg, type MatchedEvent, type Plan, resolveArg, taskFacts } from '#flow/plan';
import type { ToolCatalogue } from '#flow/tool';
import type { Json } from '#kernel';

/** A step of a plan as a person reads it before anything has run. */
export interface PlannedStep {
  readonly id: string;
  readonly tool: string;
  /** What the tool is called; its name, if there is no such tool. */
  readonly title: string;
  readonly why: string;
  readonly args: PlannedArg[];
}

interface PlannedArg {
  readonly name: string;
  readonly text: string;
  /** false: only a step before it will tell, so the reference stands there. */
  readonly isKnown: boolean;
}

const textCharsMax = 300;

/** The steps of a plan with everything that is known before the first of them runs. */
export function plannedSteps(
  plan: Plan,
  event: MatchedEvent,
  task: { taskId: string; receivedAt: Date; timeZone: string },
  catalogue: ToolCatalogue,
): PlannedStep[] {
  const facts = {
    ...{ literal: plan.literal, values: plan.values, results: {}, task: taskFacts(task) },
    event: { value: event.payload, label: event.label },
  };
  return plan.steps.map(({ id, tool, why, args }) => ({
    ...{ id, tool, why, title: catalogue.get(tool)?.manifest.title ?? tool },
    args: Object.entries(args).flatMap(([name, arg]): PlannedArg[] => {
      const answer = resolveArg(arg, facts);
      if ('fault' in answer) return [{ name, text: writtenText(arg).slice(0, textCharsMax), isKnown: false }];
      // An optional value that is not there is left out.
      return answer.value === null ? [] : [{ name, text: textOf(answer.value).slice(0, textCharsMax), isKnown: true }];
    }),
  }));
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

function writtenText(arg: Arg): string {
  if ('list' in arg) return arg.list.map(writtenText).join(', ');
  if ('ref' in arg) return arg.ref;
  return 'template' in arg ? arg.template : textOf(arg.value);
}
