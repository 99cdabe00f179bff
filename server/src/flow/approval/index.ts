export { agreedIn, heldUntil, isGenuineDecision, isIntact, lacking, openIntact, staleness } from './check.ts';
export { type ApprovalComment, commentLettersMax, commentOn, listComments } from './comment.ts';
export { type Comparison, compareWithSource } from './compare.ts';
export { type DecisionContext, decideApproval, refuseAltered } from './decide.ts';
export {
  type Absence,
  currentAbsences,
  delegateApproval,
  endAbsence,
  forgetMember,
  readAbsence,
  setAbsence,
  standInFor,
} from './delegate.ts';
export { type Field, lineArgs, presentFields, presentOrigins } from './fields.ts';
export type { BoundAction } from './hash.ts';
export { headlineOf, mayGoTogether, type PresentedApproval, presentApproval } from './present.ts';
export { type ApprovalRequest, buildApproval, plainArgs } from './request.ts';
export {
  type Answer,
  type ApprovalBody,
  answerSchema,
  approvalBodySchema,
  type Decision,
  type DecisionInput,
  decisionInputSchema,
  graceSecondsSchema,
  policyReferenceSchema,
  reasonSchema,
} from './schema.ts';
export { type SimilarDecision, similarDecisions } from './similar.ts';
export { snoozeApproval, wakeApproval } from './snooze.ts';
export { type StoredApproval, selectApproval, selectApprovals } from './store.ts';
export { undoDecision } from './undo.ts';
export { type ApprovalAbout, aboutApprovals, approvalViews, findApprovals, snoozedUntil, type Viewer } from './view.ts';
