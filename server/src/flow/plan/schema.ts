import { z } from 'zod';
import type { EventBody } from '#flow/intake';
import type { PluggedTools } from '#flow/tool';
import { canonicalJson, type ErrorCode, type Id, isFactotumError, type Json } from '#kernel';
import type { OwnModel } from '#trust/model';
import { type Labelled, labelSchema } from '#trust/policy';
import type { FaultyPlaybook, Playbook } from './playbook.ts';

/** How large a plan may be. A person has to be able to read it, and a model must not be able to flood the tables. */
export const planLimits = { stepsMax: 20, argsMax: 32, valueCharsMax: 65_536, textCharsMax: 2_000, listMax: 64, valuesMax: 64 } as const;

const literalSchema = z.custom<Json>((value) => isJson(value, planLimits.valueCharsMax), {
  error: 'must be JSON of at most 64 K characters',
});
const sourceShapes = [
  z.strictObject({ value: literalSchema }),
  z.strictObject({ ref: z.string().max(200) }),
  z.strictObject({ template: z.string().max(planLimits.valueCharsMax) }),
] as const;
const argSchema = z.union([...sourceShapes, z.strictObject({ list: z.array(z.union(sourceShapes)).max(planLimits.listMax) })]);
const argsSchema = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'must be an argument name'), argSchema)
  .refine((args) => Object.keys(args).length <= planLimits.argsMax, `must have at most ${planLimits.argsMax} arguments`);
const toolSchema = z.string().regex(/^[a-z][A-Za-z0-9_.-]{0,98}$/, 'must be a tool name');
const stepIdSchema = z.string().regex(/^[a-z][a-z0-9_]{0,30}$/, 'must start with a lower-case letter, then letters, digits and _');

const planStepSchema = z.strictObject({
  id: stepIdSchema,
  tool: toolSchema,
  args: argsSchema,
  after: z.array(stepIdSchema).max(planLimits.stepsMax),
  why: z.string().max(planLimits.textCharsMax),
  undo: z.strictObject({ tool: toolSchema, args: argsSchema }).optional(),
});
const slotSchema = z.enum(['text', 'address', 'iban', 'amount', 'date', 'datetime', 'id']);
const extractedSchema = z.strictObject({
  value: literalSchema,
  label: labelSchema,
  slot: slotSchema,
});

/** What is sealed in a plan's row. `literal` is the label of everything that the planner wrote itself, `values` is what `$extract.x` means. */
export const planSchema = z.strictObject({
  summary: z.string().max(planLimits.textCharsMax),
  literal: labelSchema,
  values: z
    .record(z.string().regex(/^[a-z][A-Za-z0-9_]{0,30}$/, 'must be the name of a value'), extractedSchema)
    .refine((values) => Object.keys(values).length <= planLimits.valuesMax, `must have at most ${planLimits.valuesMax} values`),
  steps: z.array(planStepSchema).min(1).max(planLimits.stepsMax),
});

/** Where one argument comes from: written by the planner, pointed at, woven from both, or a list of these. */
export type Arg = z.infer<typeof argSchema>;
/** An argument that is not a list. */
export type ArgSource = Exclude<Arg, { list: unknown }>;
export type PlanStep = z.infer<typeof planStepSchema>;
export type Plan = z.infer<typeof planSchema>;
export type Slot = z.infer<typeof slotSchema>;

/** A value found in the event, with the event's label and the kind of thing it is. */
export interface ExtractedValue extends Labelled {
  readonly slot: Slot;
}

/** What is to be planned: an event as it was sealed, and what people answered about it so far, oldest first. */
export interface PlanningTask {
  readonly tenantId: Id<'tenant'>;
  readonly taskId: Id<'task'>;
  readonly event: EventBody;
  readonly source: string;
  readonly kind: string;
  readonly receivedAt: Date;
  readonly answers: readonly { readonly at: string; readonly by: string; readonly text: string }[];
  readonly now: Date;
}

/** What the tenant brings to planning. Playbooks and handbook are of versions that a member wrote. */
export interface PlanningContext {
  readonly playbooks: readonly Playbook[];
  /** Playbooks that cannot be read, so that whoever waits for them hears of it. */
  readonly faultyPlaybooks: readonly FaultyPlaybook[];
  readonly handbook: string;
  readonly timeZone: string;
  readonly locale: string;
  readonly maySpendOperatorModelKey: boolean;
  /** `playbooks`: no model is asked, what no playbook knows waits for a person. */
  readonly planner: 'model' | 'playbooks';
  /** The only model of the installation that may be asked; null: any. */
  readonly model: string | null;
  /** The tenant's own model, which goes before the installation's; null: none. */
  readonly ownModel: OwnModel | null;
  /** The tenant's tools besides ours. */
  readonly pluggedTools: PluggedTools;
  readonly signal: AbortSignal;
}

/** Makes a plan, or says why there is none. Never throws for what an event, a playbook or a model contains. */
export type Planner = (task: PlanningTask, context: PlanningContext) => Promise<PlanOutcome>;

/** Tokens as the vendor counts them. `costMicros` is in millionths of a USD, null when the model's price is not known. */
export interface ModelUsage {
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly costMicros: number | null;
}

/**
 * What planning came to. `question` waits for a person; its `code` is set when something is wrong rather than merely unknown.
 * `retry` parks the task for `afterMs`; `used_up` until there is money for a model again. `usage` is set whenever a model was paid,
 * whatever came of it.
 */
export type PlanOutcome =
  | {
      readonly kind: 'plan';
      readonly plan: Plan;
      /** `playbook`, or the provider of the model. */
      readonly planner: string;
      readonly playbook?: string;
      readonly model?: string;
      readonly usage?: ModelUsage;
    }
  | {
      readonly kind: 'question';
      readonly question: string;
      readonly code?: ErrorCode;
      readonly model?: string;
      readonly usage?: ModelUsage;
    }
  | {
      readonly kind: 'retry';
      readonly afterMs: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly model?: string;
      readonly usage?: ModelUsage;
    }
  | {
      readonly kind: 'used_up';
      readonly until: Date;
      readonly message: string;
      readonly model?: string;
      readonly usage?: ModelUsage;
    };

function isJson(value: unknown, charsMax: number): value is Json {
  try {
    // canonicalJson reads the value like any JSON and refuses what has no canonical form; undefined and functions have no text.
    const text: string | undefined = JSON.stringify(value);
    return text !== undefined && text.length <= charsMax && canonicalJson(value as Json).length <= charsMax;
  } catch (error) {
    if (isFactotumError(error) || error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
}
