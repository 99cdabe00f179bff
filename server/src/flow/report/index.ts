/** The door to figures of a period: what came in, what was done, where it waited. */
export { type ApprovalFigures, type KindCount, type Span, type ToolApprovals, type WorkFigures, workFigures } from './work.ts';
