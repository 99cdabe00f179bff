import { z } from 'zod';
import { extractTypes } from './extract.ts';
import { planLimits } from './schema.ts';

const text = (charsMax: number) => z.string().min(1).max(charsMax);
const fieldPath = text(200).describe('A place in the event, such as subject, from.address or attachments[0].name');
const scalar = z.union([text(1_000), z.number(), z.boolean()]);
const pattern = text(500).describe('A pattern in RE2 syntax; (?i) in front ignores case. Its first group, if it has one, is the value');

/** What an argument may be written as: plain JSON; a text that is a reference ($event.sender) or has holes (Re: ${event.subject}); a list of these. */
const argument = z
  .json()
  .describe('A value, a reference such as $event.sender, a text with holes such as Re: ${event.subject}, or a list of these');
const args = z.record(z.string(), argument);

const stepSchema = z.strictObject({
  id: text(31).describe('Names the step, so that others can point at its result'),
  tool: text(99),
  args: args.default({}),
  after: z.array(z.string()).max(planLimits.stepsMax).default([]).describe('Steps that come first. Those it points at come first anyway'),
  why: text(500).optional().describe('One sentence for the person who is asked'),
  undo: z.strictObject({ tool: text(99), args: args.default({}) }).optional(),
});

/** Each may be a pattern that is searched in 64 K characters, for every event. */
const conditionsMax = 32;

/** The front matter of a note in `Playbooks/`. */
export const playbookSchema = z
  .strictObject({
    title: text(120).optional().describe("The note's name, if left out"),
    enabled: z.boolean().default(true),
    priority: z
      .int()
      .min(-1_000)
      .max(1_000)
      .default(0)
      .describe('If several playbooks fit, the one with the highest number is used, then the first by path'),
    summary: text(300).optional().describe('What is about to be done, in one sentence; may have holes'),
    when: z.strictObject({
      source: text(63).describe('Where the event came from, such as mail'),
      kind: text(63).optional(),
      match: z
        .record(z.string(), z.union([scalar, z.strictObject({ regex: pattern })]))
        .refine((fields) => Object.keys(fields).length <= conditionsMax, `must have at most ${conditionsMax} fields`)
        .default({})
        .describe('Every field named here must have this value (case does not count) or match this pattern'),
    }),
    extract: z
      .record(
        z.string().regex(/^[a-z][A-Za-z0-9_]{0,30}$/, 'must be a name: a lower-case letter, then letters, digits and _'),
        z.strictObject({
          type: z.enum(extractTypes),
          from: fieldPath,
          pattern: pattern.optional(),
          optional: z.boolean().default(false).describe('Whether the playbook also fits without this value'),
        }),
      )
      .default({})
      .refine((values) => Object.keys(values).length <= 32, 'must have at most 32 values'),
    steps: z.array(stepSchema).min(1).max(planLimits.stepsMax),
    // What Obsidian itself puts into the front matter of any note.
    tags: z.unknown().optional(),
    aliases: z.unknown().optional(),
    cssclasses: z.unknown().optional(),
  })
  .describe('A playbook: turns one kind of event into a plan, without a model');
export type PlaybookFrontMatter = z.infer<typeof playbookSchema>;

/** The JSON schema that is served at `/api/v1/schemas/playbook.json`: editors use it to complete and check front matter. */
export function playbookJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(playbookSchema, { io: 'input', target: 'draft-2020-12' }), title: 'Factotum playbook' };
}
