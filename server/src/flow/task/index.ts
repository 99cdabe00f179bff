export { cancelTask, openTaskDetail, resumeTask, sealTaskDetail, type TaskContext } from './change.ts';
export { type Settlement, settlementSchema, type TaskDetail, taskStates } from './schema.ts';
export { isEnded, mayMove } from './state.ts';
export {
  countInHand,
  ringTask,
  ringWaitingForBudget,
  type StoredTask,
  selectTask,
  selectTaskRecord,
  selectTasks,
  type TaskRecord,
} from './store.ts';
