/** The door to planning: plans and their references, playbooks, models, and the order in which they are asked. */
export { eventLabel } from './event-label.ts';
export { extract, fieldsWithText } from './extract.ts';
export { type MatchedEvent, matchPlaybooks, planFromPlaybook } from './match.ts';
export { createModelPlanner, type ModelPlanner, type ModelPlannerOptions } from './model.ts';
export { createOwnModels, type OwnModels, type OwnModelsOptions } from './own-models.ts';
export { type FindableSlot, isSameValue, type PlacedText, type PlacedValue, placedText } from './placed.ts';
export { createPlanning, type Planning } from './planning.ts';
export { type FaultyPlaybook, type Playbook, parsePlaybook, readPlaybook } from './playbook.ts';
export { playbookJsonSchema } from './playbook-schema.ts';
export { looksLikeReference, parseTemplate, valueAt } from './reference.ts';
export { type Facts, resolveArg, resolveArgs, taskFacts } from './resolve.ts';
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
export { playbookFaults, validatePlan } from './validate.ts';
