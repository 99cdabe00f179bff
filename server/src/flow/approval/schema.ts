import { z } from 'zod';
import { jsonObjectSchema } from '#kernel';
import { labelSchema, leastDemands } from '#trust/policy';
import { voteSchema } from './vote.ts';

export const reasonSchema = z.object({ rule: z.string(), text: z.string(), args: z.array(z.string()).readonly().optional() });
export const policyReferenceSchema = z.object({ id: z.string(), title: z.string() });

/** What is asked, sealed in `approval.body`. `args` are the very bytes that would be sent. */
export const approvalBodySchema = z.object({
  args: jsonObjectSchema,
  labels: z.record(z.string(), labelSchema),
  reasons: z.array(reasonSchema).readonly(),
  policies: z.array(policyReferenceSchema).readonly(),
  /** By argument: that the tenant's own directory lists it, and how. */
  known: z.record(z.string(), z.string()).default({}),
  /** The planner's own words, shown in a marked box and believed by nobody. */
  why: z.string(),
  headline: z.string(),
  title: z.string(),
  from: z.string().optional(),
  /** What has to come together. It decides who may say yes; before the effect the policies are asked anew. */
  demands: z.object({ approvals: z.int().min(1), stepUp: z.boolean(), fourEyes: z.boolean() }).default(leastDemands),
  /** Who sent the event, and who wrote what would be sent. */
  authors: z.array(z.string()).readonly().default([]),
});
export type ApprovalBody = z.infer<typeof approvalBodySchema>;

/** How long a decision may be held back so that it can be taken back as if it had not been, in seconds. */
export const graceSecondsSchema = z.int().min(0).max(30);

const decisions = ['accept', 'edit', 'respond', 'reject', 'delegate'] as const;
export type Decision = (typeof decisions)[number];

/** A decision as it comes in. `edits` is the full new arguments. */
export const decisionInputSchema = z.discriminatedUnion('decision', [
  z.strictObject({
    decision: z.literal('accept'),
    payloadHash: z.string().regex(/^[0-9a-f]{64}$/),
    graceSeconds: graceSecondsSchema.optional(),
    comment: z.string().max(4_000).optional(),
  }),
  z.strictObject({
    decision: z.literal('edit'),
    payloadHash: z.string().regex(/^[0-9a-f]{64}$/),
    edits: jsonObjectSchema,
    comment: z.string().max(4_000).optional(),
  }),
  z.strictObject({
    decision: z.literal('respond'),
    payloadHash: z.string().regex(/^[0-9a-f]{64}$/),
    comment: z.string().trim().min(1).max(4_000),
  }),
  z.strictObject({
    decision: z.literal('reject'),
    payloadHash: z.string().regex(/^[0-9a-f]{64}$/),
    graceSeconds: graceSecondsSchema.optional(),
    comment: z.string().trim().min(1).max(4_000),
  }),
  z.strictObject({
    decision: z.literal('delegate'),
    payloadHash: z.string().regex(/^[0-9a-f]{64}$/),
    to: z.string().trim().min(1).max(200),
    comment: z.string().max(4_000).optional(),
  }),
]);
export type DecisionInput = z.infer<typeof decisionInputSchema>;

/** What the person said, sealed in `approval.answer`. */
export const answerSchema = z.object({
  /** `undo`: somebody took back what had been decided. */
  decision: z.enum([...decisions, 'undo']),
  comment: z.string().optional(),
  edits: jsonObjectSchema.optional(),
  to: z.string().optional(),
  /** Whether whoever decided had just proved that it is them. */
  proven: z.boolean().optional(),
  /** Where several had to agree: each one's yes, with its own proof. */
  votes: z.array(voteSchema).readonly().optional(),
  /** ISO 8601: nothing comes of the decision before this. */
  notBefore: z.string().optional(),
});
export type Answer = z.infer<typeof answerSchema>;
