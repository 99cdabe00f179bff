export { isGenuineDecision, isIntact, staleness } from './check.ts';
export { type DecisionContext, decideApproval, refuseAltered } from './decide.ts';
export { type Field, presentFields } from './fields.ts';
export type { BoundAction } from './hash.ts';
export { headlineOf, type PresentedApproval, presentApproval } from './present.ts';
export { type ApprovalRequest, buildApproval, plainArgs } from './request.ts';
export {
  type Answer,
  type ApprovalBody,
  answerSchema,
  type Decision,
  type DecisionInput,
  decisionInputSchema,
  policyReferenceSchema,
  reasonSchema,
} from './schema.ts';
export { type StoredApproval, selectApproval, selectApprovals } from './store.ts';
