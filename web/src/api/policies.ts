/** The shapes of policies, standing grants and the history of the configuration in `/api/v1`. */
import type { Json, Reason, Verdict } from './types.ts';

/** What the form for policies offers. Amounts in the currency's smallest unit. */
export interface Thresholds {
  payUnattendedUpToMinor: number;
  currency: string;
  sendUnattendedToKnown: boolean;
  recipientsMax: number;
  writeUnattended: boolean;
  paymentApprovals: number;
  paymentStepUp: boolean;
  paymentFourEyes: boolean;
  paymentCareFromMinor: number;
}

export interface Policy {
  version: number;
  /** Cedar. */
  text: string;
  /** Null where the text was edited by hand. */
  thresholds: Thresholds | null;
  /** What the text seems to say in the words of the form. */
  nearest: Thresholds;
  /** What the form would write for that. */
  formText: string;
}

export interface PolicyVersion {
  version: number;
  author: string;
  createdAt: string;
}

/** A text, or what the form was given. */
export type PolicyDraft = { text: string } | { thresholds: Thresholds };

export interface PolicyCheck {
  text: string;
  thresholds: Thresholds | null;
  faults: { policy: string | null; line: number | null; message: string }[];
}

type Counts = Record<Verdict, number>;
export type Unjudged = 'unreadable' | 'no_facts' | 'edited' | 'tool_gone' | 'changed_since';

/** What a text would have done with past decisions. */
export interface PolicySimulation {
  from: string | null;
  until: string | null;
  lookedAt: number;
  cutBy: 'number' | 'time' | null;
  judged: number;
  unjudged: Record<Unjudged, number>;
  before: Counts;
  after: Counts;
  noLongerAsked: { approved: number; rejected: number; other: number };
  demands: { more: number; less: number };
  changed: number;
  cases: SimulatedCase[];
}

export interface SimulatedCase {
  taskId: string;
  approvalId: string | null;
  tool: string;
  headline: string;
  /** What the headline is made of. */
  shown: Record<string, string>;
  at: string;
  before: Verdict;
  after: Verdict;
  answer: string | null;
  reasons: Reason[];
}

/** A person's standing permission. */
export interface Grant {
  id: string;
  tool: string;
  toolTitle: string | null;
  args: Record<string, string>;
  source: { source?: string; playbook?: string };
  perDay: number;
  expiresAt: string | null;
  author: string;
  createdAt: string;
}

export interface GrantableTool {
  tool: string;
  title: string;
  args: { name: string; title: string }[];
}

/** What was changed in the configuration. */
export interface ConfigurationChange {
  id: string;
  topic: string;
  at: string;
  author: string;
  changes: { name: string; before: Json; after: Json }[];
  restorable: boolean;
  /** Which one of several, as it was called then. */
  subject: string | null;
  /** Why it cannot be put back. */
  obstacle: 'operator' | 'credentials' | 'made' | 'deleted' | 'stopped' | 'unknown' | null;
}
