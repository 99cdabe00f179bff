import { z } from 'zod';
import type { ToolCatalogue } from '#flow/tool';
import type { Label } from '#trust/policy';
import { type Arg, type ExtractedValue, type Plan, planLimits } from './schema.ts';

const source = z.union([
  z.strictObject({ ref: z.string() }),
  z.strictObject({ value: z.union([z.string(), z.number(), z.boolean()]) }),
  z.strictObject({ template: z.string() }),
]);

/**
 * What a model is asked for. Closed on every level and without optional members: with one open object the vendors' structured output
 * silently turns off, or lets the model return `{}` only. Names that must be unique are therefore lists here, and are folded afterwards.
 */
export const answerSchema = z.strictObject({
  summary: z.string(),
  question: z.string().nullable(),
  steps: z.array(
    z.strictObject({
      id: z.string(),
      tool: z.string(),
      why: z.string(),
      after: z.array(z.string()),
      args: z.array(z.strictObject({ name: z.string(), from: z.union([source, z.strictObject({ list: z.array(source) })]) })),
    }),
  ),
});
export type ModelAnswer = z.infer<typeof answerSchema>;

/** Turns a model's answer into a plan that is still to be validated. Words that are too long are cut: they are for people only. */
export function foldAnswer(
  answer: ModelAnswer,
  made: { literal: Label; values: Readonly<Record<string, ExtractedValue>> },
): { readonly candidate: Plan; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const steps = answer.steps.map(({ id, tool, why, after, args }) => {
    const folded = new Map<string, Arg>();
    for (const { name, from } of args) {
      if (folded.has(name)) faults.push(`Step ${id}: the argument ${name} is given twice.`);
      folded.set(name, from);
    }
    return { id, tool, why: why.slice(0, planLimits.textCharsMax), after, args: Object.fromEntries(folded) };
  });
  return {
    candidate: { summary: answer.summary.slice(0, planLimits.textCharsMax), literal: made.literal, values: { ...made.values }, steps },
    faults,
  };
}

/**
 * Where a model wrote out what it may only point at: whatever steers a payment comes from a place that can be shown to a person, never
 * from a model's memory of a number.
 */
export function writtenOutFaults(plan: Plan, catalogue: ToolCatalogue): string[] {
  return plan.steps.flatMap(({ id, tool, args }) => {
    const manifest = catalogue.get(tool)?.manifest;
    if (manifest?.effect !== 'money') return [];
    return Object.entries(args)
      .filter(([name, arg]) => manifest.args[name]?.role === 'steering' && !('ref' in arg))
      .map(
        ([name]) =>
          `Step ${id}: ${name} of ${tool} must be a reference such as $extract.iban_1 or $s1.payee: nothing about a payment is written out.`,
      );
  });
}
