export { type Action, type ActionOutcome, lookUpAction, performAction, undoAction } from './perform.ts';
