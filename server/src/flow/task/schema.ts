import { z } from 'zod';

/** What a person reads about a task, sealed in `task.detail`. */
export const taskDetailSchema = z.strictObject({
  title: z.string(),
  from: z.string().optional(),
  /** What the plan is about to do, one sentence. */
  summary: z.string().optional(),
  /** One line: the result, or why nothing was done. */
  note: z.string().optional(),
  /** What the person is asked while the task waits for an answer. */
  question: z.string().optional(),
  /** The calls that `note` and `question` name, for readers of another language. */
  calls: z.array(z.strictObject({ tool: z.string(), headline: z.string(), shown: z.record(z.string(), z.string()) })).optional(),
  error: z.string().optional(),
  /** What people answered so far; the next planner reads it. */
  answers: z.array(z.strictObject({ at: z.string(), by: z.string(), text: z.string() })).optional(),
  /** Somebody wants another plan. `asked`: what was done under the old one is to be taken back first; `cleared`: it has been. */
  replan: z.enum(['asked', 'cleared']).optional(),
  /** Somebody wants these steps of the finished task taken back. Gone when that has been tried. */
  undo: z.strictObject({ at: z.string(), by: z.string(), steps: z.array(z.string()) }).optional(),
  /** What a model was paid for planning that has led to no plan yet; the next plan's own cost includes it. */
  spent: z.strictObject({ tokensIn: z.int(), tokensOut: z.int(), costMicros: z.int().nullable() }).optional(),
});
export type TaskDetail = z.infer<typeof taskDetailSchema>;

export const taskStates = ['received', 'planning', 'waiting', 'running', 'done', 'failed', 'cancelled'] as const;

/** What a person says about a step whose outcome nobody could tell. `again`: it did not happen, do it again. */
export const settlementSchema = z.enum(['done', 'failed', 'again']);
export type Settlement = z.infer<typeof settlementSchema>;
