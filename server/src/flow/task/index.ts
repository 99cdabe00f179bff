export { cancelTask, openTaskDetail, replanTask, resumeTask, sealTaskDetail, type TaskContext } from './change.ts';
export { findTasks, type TaskFilter, taskNames } from './find.ts';
export { createReadWordsJob, orderWords } from './read-words.ts';
export { type Settlement, settlementSchema, type TaskDetail, taskStates } from './schema.ts';
export { isEnded, mayMove } from './state.ts';
export {
  countInHand,
  type PlanCosts,
  ringing,
  ringTask,
  ringWaitingForBudget,
  type StoredTask,
  selectPlanCosts,
  selectTask,
  selectTaskRecord,
  selectTasks,
  type TaskRecord,
} from './store.ts';
export { changeView, deleteView, deleteViewsOf, listViews, type SavedView, saveView, viewBodySchema, viewPages } from './view.ts';
export { type TaskWords, taskWords } from './words.ts';
