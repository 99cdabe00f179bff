export { createRunner } from './advance.ts';
export { type StepBody, stepBodySchema } from './step-body.ts';
export { createTenantContexts, type TenantContext } from './tenant-context.ts';
export { requestUndo, type Undoable, undoableSteps } from './undo-task.ts';
export type { RunTools } from './work.ts';
