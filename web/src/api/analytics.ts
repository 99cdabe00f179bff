/** The shapes of `/api/v1/analytics`. docs/analytics.md says what each figure means. */

export const bucketSizes = ['day', 'week', 'month'] as const;
export type BucketSize = (typeof bucketSizes)[number];

/** Rates are parts of 1. Null: there is no such figure. */
export interface WorkFigures {
  arrived: number;
  completed: number;
  partly: number;
  refused: number;
  failed: number;
  cancelled: number;
  completionRate: number | null;
  failureRate: number | null;
  alone: number;
  automationRate: number | null;
  durationP50Ms: number | null;
  durationP95Ms: number | null;
}

export interface ApprovalFigures {
  asked: number;
  answered: number;
  approved: number;
  changed: number;
  rejected: number;
  expired: number;
  approvalRate: number | null;
  waitP50Ms: number | null;
  waitP95Ms: number | null;
}

export interface CostFigures {
  plans: number;
  tokensIn: number;
  tokensOut: number;
  /** Millionths of a US dollar. */
  costMicros: number;
  unpriced: number;
}

/** Money in millionths of the currency of the assumptions. */
export interface ValueFigures {
  savedSeconds: number;
  humanMicros: number;
  costMicros: number;
  costPerTaskMicros: number | null;
  humanPerTaskMicros: number | null;
  costShare: number | null;
}

export interface Figures {
  work: WorkFigures;
  approvals: ApprovalFigures;
  cost: CostFigures;
  value: ValueFigures;
}

export type AnswerGroup = { name: string } & ApprovalFigures;
export type CostGroup = { name: string } & CostFigures;

/** What figures of value rest on. */
export interface Assumptions {
  currency: string;
  /** Of an hour, in minor units. */
  wageMinor: number;
  /** What a US dollar is worth, in millionths of the currency. */
  usdRateMicros: number;
  minutesPerTask: number;
  minutesByPlaybook: Record<string, number>;
  secondsPerAnswer: number;
  survey: boolean;
}

export const surveyQuestions = ['useful', 'clear', 'trust'] as const;
export type SurveyQuestion = (typeof surveyQuestions)[number];

export interface SurveyResult {
  quarter: string;
  question: SurveyQuestion;
  answers: number;
  /** From 1 to 5. */
  mean: number;
  counts: number[];
}

export interface Analytics {
  days: { from: string; to: string };
  before: { from: string; to: string };
  size: BucketSize;
  timeZone: string;
  counted: { at: string | null; isComplete: boolean; share: number };
  total: Figures;
  totalBefore: Figures | null;
  series: { bucket: { start: string; from: string; to: string; days: number }; figures: Figures | null }[];
  tools: AnswerGroup[];
  /** Null without the permission `audit:read`. */
  approvers: AnswerGroup[] | null;
  planners: CostGroup[];
  playbooks: CostGroup[];
  models: CostGroup[];
  completedByPlaybook: { name: string; completed: number }[];
  assumptions: Assumptions;
  goals: { savedSecondsPerWeek: number; costShare: number };
  satisfaction: SurveyResult[];
}

/** How much a tenant does, as operators see it. */
export interface TenantVolume {
  tenant: { id: string; name: string; title: string };
  arrived: number;
  completed: number;
  failed: number;
  answered: number;
  plans: number;
  costMicros: number;
}
