/** The door to planning: plans and their references, playbooks, models, and the order in which they are asked. */
export { eventLabel } from './event-label.ts';
export { createModelPlanner, type ModelPlanner, type ModelPlannerOptions } from './model.ts';
export { createOwnModels, type OwnModels, type OwnModelsOptions } from './own-models.ts';
export { createPlanning, type Planning } from './planning.ts';
export { type FaultyPlaybook, type Playbook, parsePlaybook } from './playbook.ts';
export { playbookJsonSchema } from './playbook-schema.ts';
export { parseTemplate, valueAt } from './reference.ts';
export { type Facts, resolveArgs, taskFacts } from './resolve.ts';
export {
  type Arg,
  type ModelUsage,
  type Plan,
  type Planner,
  type PlanningContext,
  type PlanningTask,
  type PlanOutcome,
  type PlanStep,
  planSchema,
} from './schema.ts';
