import { z } from 'zod';
import { policyReferenceSchema, reasonSchema } from '#flow/approval';
import { jsonSchema } from '#kernel';
import { type Labelled, labelSchema } from '#trust/policy';

const labelledSchema: z.ZodType<Labelled> = z.object({ value: jsonSchema, label: labelSchema });

/** What a step row holds sealed: the resolved arguments with their labels, why the gate said what, and what came of it. */
export const stepBodySchema = z.object({
  args: z.record(z.string(), labelledSchema).readonly(),
  why: z.string(),
  reasons: z.array(reasonSchema).readonly(),
  policies: z.array(policyReferenceSchema).readonly(),
  policyHash: z.string(),
  risk: z.enum(['low', 'medium', 'high']),
  /** Who edited the arguments: these are kept instead of being resolved, and asked about whatever the gate says. */
  editedBy: z.string().optional(),
  /** Who took a yes or no about it back: it is asked about again whatever the gate says. */
  takenBackBy: z.string().optional(),
  /** The standing permission of which this step has used up one use. */
  grantId: z.string().optional(),
  result: labelledSchema.optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type StepBody = z.infer<typeof stepBodySchema>;

/** The body of a step that never came before the gate. */
export const bareBody = (why: string, ...reasons: StepBody['reasons']): StepBody => ({
  args: {},
  why,
  reasons,
  policies: [],
  policyHash: '',
  risk: 'low',
});
