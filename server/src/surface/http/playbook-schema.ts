import { z } from 'zod';
import { list, named, page, time } from './schema.ts';

const json = z.unknown().meta({ description: 'Any JSON' });
const fields = z.record(z.string(), json);

const fault = z.object({ text: z.string(), line: z.int().nullable().meta({ description: 'Of the note, from 1; null: about the whole.' }) });

export const playbooksSchema = page(
  named(
    z.object({
      path: z.string(),
      title: z.string(),
      etag: z.string(),
      state: z.enum(['on', 'off', 'faulty', 'untrusted', 'plain']),
      summary: z.string().nullable(),
      source: z.string().nullable(),
      kind: z.string().nullable(),
      priority: z.int(),
      tools: list(z.string()),
      faults: list(fault),
      author: z.string(),
      updatedAt: time,
      usesIn30Days: z.int().meta({ description: 'Plans it has made in the last 30 days; 10,000 stands for as many or more.' }),
      lastUsedAt: time.nullable(),
    }),
    { id: 'Playbook', description: 'A note in `Playbooks/`, whether it is used, and how often.' },
  ),
);

const path = z
  .string()
  .min(1)
  .max(1_000)
  .meta({ description: 'Where the note stands or will stand: its name is the title if it says none.' });
const text = z.string().max(200_000);

export const checkInput = z.strictObject({
  path,
  text,
  fields: fields.optional().meta({ description: 'Put into the front matter first; what is the same there stays as it is written.' }),
});

export const checkedSchema = named(
  z.object({
    text: z.string(),
    title: z.string(),
    fields: fields.nullable().meta({ description: 'The front matter as it is written; null while it cannot be read.' }),
    faults: list(fault),
  }),
  { id: 'CheckedPlaybook', description: 'A playbook as somebody writes it: what is read of it, and all that is wrong with it.' },
);

export const toolsSchema = page(
  z.object({
    name: z.string(),
    title: z.string(),
    consequence: z.string(),
    args: list(z.object({ name: z.string(), title: z.string(), required: z.boolean() })),
  }),
);

export const previewInput = z.strictObject({ path, text });

export const previewSchema = named(
  z.object({
    faults: list(fault),
    looked: z.int().meta({ description: 'How many events were held against it, the newest.' }),
    since: time,
    ended: z
      .enum(['all', 'events', 'time'])
      .meta({ description: 'Why no more were: all of the period was, as many as one preview has, or its time was up.' }),
    matched: z.int(),
    near: z.int().meta({ description: 'Its conditions held, and a value that it needs was not found.' }),
    unusable: z.int().meta({ description: 'It fitted, and its plan could not have been carried out.' }),
    samples: list(
      z.object({
        result: z.enum(['matched', 'near', 'unusable']),
        eventId: z.string(),
        title: z.string(),
        from: z.string().nullable(),
        receivedAt: time,
        reasons: list(z.string()),
        summary: z.string().nullable(),
        steps: list(
          z.object({
            id: z.string(),
            tool: z.string(),
            title: z.string(),
            why: z.string(),
            args: list(z.object({ name: z.string(), text: z.string(), isKnown: z.boolean() })),
          }),
        ),
        task: z.object({ taskId: z.string(), state: z.string(), playbook: z.string().nullable() }).nullable(),
      }),
    ),
  }),
  { id: 'PlaybookPreview', description: 'What a playbook would have done with what came in during the last 30 days. Nothing is done.' },
);

export const draftInput = z.strictObject({ taskId: z.string().max(100) });

export const draftSchema = named(
  z.object({
    title: z.string(),
    fields,
    remarks: list(z.object({ kind: z.enum(['pattern', 'fixed']), name: z.string() })),
    playbook: z.string().nullable().meta({ description: 'The playbook that made the plan; null where a model did.' }),
  }),
  { id: 'PlaybookDraft', description: 'The plan of a task, written down for events like its own.' },
);
