/** The shapes of what belongs to an approval in `/api/v1`, beside the approval itself. */
import type { Approval, ApprovalState, Assignee } from './types.ts';

export interface ApprovalComment {
  id: string;
  by: string;
  at: string;
  text: string;
}

/** An earlier decision about the same tool. `differences` are names of fields. */
export interface SimilarDecision {
  id: string;
  tool: string;
  headline: string;
  /** What the headline is made of. */
  shown: Record<string, string>;
  state: ApprovalState;
  decidedBy: string | null;
  decidedAt: string | null;
  comment: string | null;
  differences: string[];
}

/** What a source says about one field: `text` is the line it stands in, `value` what it says where that is something else. */
export interface SourceLine {
  field: string;
  source: { kind: string; id: string | null; path: string | null; text: string | null };
  value: string;
  relation: 'same' | 'different' | 'absent';
}

export type AssigneeChoice = Pick<Assignee, 'kind' | 'id'>;

/** Who gets what would be assigned to somebody who is away. */
export interface Away {
  to: AssigneeChoice & { name: string };
  from: string;
  until: string;
}

/** What became of one of several decisions that were sent together. */
export interface BulkAnswer {
  id: string;
  /** As it is now; null when it was not decided. */
  approval: Approval | null;
  error: { code: string; detail: string } | null;
}
