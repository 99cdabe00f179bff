export { createKeeper, type Keeper, type Kept, readForTool, readSetup } from './keep.ts';
export { createOutbox, type Outbox } from './outbox.ts';
export { type Action, type ActionOutcome, lookUpAction, performAction, undoAction } from './perform.ts';
