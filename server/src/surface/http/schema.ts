import { z } from 'zod';
import { taskStates } from '#flow/task';
import { languages } from '#kernel/words';

/** What a named schema of the API says about itself. */
interface About {
  readonly id: string;
  readonly description: string;
  readonly examples?: readonly unknown[];
}

/** The named schemas: everything that goes out under a name of its own. */
export const namedSchemas = new Map<z.ZodType, About>();

/** A schema under a name of its own in the description of the API. */
export const named = <S extends z.ZodType>(schema: S, about: About): S => {
  namedSchemas.set(schema, about);
  return schema;
};

export const time = z.string().meta({ format: 'date-time', description: 'ISO 8601 in UTC' });
const json = z.unknown().meta({ description: 'Any JSON' });
const jsonObject = z.record(z.string(), json);
const risk = z.enum(['low', 'medium', 'high']);
/** A list that nobody changes. */
export const list = <S extends z.ZodType>(item: S) => z.array(item).readonly();

/** One page of a list. */
export const page = <S extends z.ZodType>(item: S) => z.object({ items: list(item), nextCursor: z.string().nullable() });

export const appearanceSchema = named(
  z.strictObject({ theme: z.enum(['light', 'dark', 'system']), density: z.enum(['comfortable', 'compact']) }),
  { id: 'Appearance', description: 'How a person likes to see things.' },
);

/** What there are words in. */
export const languageSchema = z.enum(languages);

export const meSchema = named(
  z.object({
    tenant: z
      .object({ id: z.string(), name: z.string(), language: languageSchema })
      .nullable()
      .meta({ description: 'Null for an operator, who is in none.' }),
    principal: z.object({
      kind: z.enum(['user', 'key', 'service', 'operator']),
      name: z.string(),
      email: z.string().optional(),
      actor: z.string(),
    }),
    permissions: list(z.string()),
    pending: z.enum(['second_factor']).nullable().meta({ description: 'What the tenant asks of the person before they may do anything.' }),
    tenants: list(z.object({ id: z.string(), name: z.string() })).meta({ description: 'Of a person: where they are a member.' }),
    operator: z.boolean().meta({ description: 'Whether the person also operates the installation.' }),
    appearance: appearanceSchema.nullable().meta({ description: 'How a person likes to see things; null: nothing was chosen.' }),
    language: languageSchema
      .nullable()
      .meta({ description: 'What a person has said they read; null: nothing, and then the tenant’s language.' }),
    planner: z.object({ model: z.string().nullable() }),
    feed: z.int().nullable().meta({
      description:
        'Where the live feed stood: what is read after this answer and listens with `after` set to it misses nothing. Null without a tenant.',
    }),
    drop: z.string().nullable(),
  }),
  { id: 'Me', description: 'Who asks, for which tenant, and what they may do there.' },
);

export const acceptedSchema = named(z.object({ eventId: z.string(), taskId: z.string() }), {
  id: 'Accepted',
  description: 'An event that is stored, and the task made of it.',
  examples: [{ eventId: 'evt_0199b1f2a3c4d5e6f7a8b9c0', taskId: 'tsk_0199b1f2a3c4d5e6f7a8b9c1' }],
});

const originSchema = z.object({ kind: z.string(), text: z.string() });

const fieldSchema = named(
  z.object({
    name: z.string(),
    title: z.string(),
    role: z.enum(['steering', 'content', 'secret']),
    value: json,
    display: z.string(),
    integrity: z.enum(['trusted', 'untrusted']),
    origins: list(originSchema),
    warnings: list(z.string()),
    known: z.string().nullable(),
    members: list(z.object({ name: z.string(), display: z.string() }))
      .optional()
      .meta({ description: 'Of one of several calls in one: what `display` is made of.' }),
  }),
  {
    id: 'Field',
    description: 'One argument of an action as a person sees it: its value, where that comes from, and what the eye would miss.',
  },
);

export const reasonSchema = z.object({ rule: z.string(), text: z.string(), args: list(z.string()).optional() });

export const approvalSchema = named(
  z.object({
    id: z.string(),
    taskId: z.string(),
    stepId: z.string(),
    tool: z.string(),
    toolTitle: z.string(),
    headline: z.string(),
    consequence: z.string(),
    args: jsonObject,
    fields: list(fieldSchema),
    risk,
    reversible: z.boolean(),
    reason: z.string(),
    reasons: list(reasonSchema),
    policies: list(z.object({ id: z.string(), title: z.string() })),
    payloadHash: z.string(),
    state: z.enum(['waiting', 'approved', 'rejected', 'expired', 'superseded', 'cancelled']),
    createdAt: time,
    expiresAt: time,
    decidedBy: z.string().nullable(),
    decidedAt: time.nullable(),
    comment: z.string().nullable(),
    assignedTo: z.string().nullable().meta({ description: 'As it was given; `assignee` says who is asked now.' }),
    assignee: z
      .object({ kind: z.enum(['member', 'team']), id: z.string(), name: z.string(), until: time.nullable() })
      .nullable()
      .meta({ description: 'Who is asked first. Whoever may decide may still decide.' }),
    snoozedUntil: time.nullable().meta({ description: 'Until when whoever asks has put it off.' }),
    quorum: z
      .object({ needed: z.int(), given: list(z.object({ by: z.string(), at: time })), mineGiven: z.boolean() })
      .meta({ description: 'How many people have to agree, and who has.' }),
    stepUp: z.boolean().meta({ description: 'Whether agreeing needs a proof of presence of the last ten minutes.' }),
    bulk: z.boolean().meta({ description: 'Whether it may be accepted together with others of its tool.' }),
    heldUntil: time.nullable().meta({ description: 'Until when the decision can surely be taken back.' }),
    commentCount: z.int(),
    plannerText: z.string().meta({ description: "The planner's own words. A planner may have been talked into them." }),
    task: z.object({ id: z.string(), title: z.string(), from: z.string().nullable() }),
  }),
  { id: 'Approval', description: 'A question to a person about exact bytes: those that `payloadHash` names.' },
);

/** The line about a call of a tool, and what it is made of. */
export const callShape = {
  tool: z.string(),
  headline: z.string(),
  shown: z.record(z.string(), z.string()).meta({ description: 'Its arguments as they are shown, by name; no secrets, no long texts.' }),
};
const callSchema = z.object(callShape);

const taskSummaryShape = {
  id: z.string(),
  eventId: z.string(),
  state: z.enum(taskStates),
  outcome: z.enum(['completed', 'refused', 'partly', 'undone']).nullable(),
  waitReason: z.enum(['approval', 'question', 'unknown', 'quota']).nullable(),
  errorCode: z.string().nullable(),
  source: z.string(),
  kind: z.string(),
  title: z.string(),
  from: z.string().nullable(),
  isUndoing: z.boolean().meta({ description: 'Whether what it has done is being taken back.' }),
  summary: z.string().nullable(),
  note: z.string().nullable(),
  question: z.string().nullable(),
  calls: list(callSchema).meta({ description: 'The calls of tools that `note` and `question` name.' }),
  playbook: z.string().nullable(),
  risk: risk.nullable(),
  planVersion: z.int(),
  createdAt: time,
  updatedAt: time,
  finishedAt: time.nullable(),
};
export const taskSummarySchema = named(z.object(taskSummaryShape), {
  id: 'TaskSummary',
  description: 'One piece of work, as lists show it.',
});

const stepSchema = z.object({
  id: z.string(),
  tool: z.string(),
  title: z.string(),
  headline: z.string(),
  effect: z.string(),
  state: z.enum(['pending', 'waiting', 'running', 'done', 'failed', 'unknown', 'undone', 'refused', 'skipped']),
  verdict: z.enum(['auto', 'ask', 'deny']).nullable().meta({ description: 'Null until the gate has been asked.' }),
  reasons: list(reasonSchema),
  fields: list(fieldSchema),
  result: json,
  resultFrom: z
    .object({ integrity: z.enum(['trusted', 'untrusted']), origins: list(originSchema) })
    .nullable()
    .meta({ description: 'Where what is in the result comes from.' }),
  attempts: list(
    z.object({
      direction: z.enum(['do', 'undo']),
      number: z.int(),
      outcome: z.enum(['done', 'failed', 'unknown']).nullable().meta({ description: 'Null while nobody knows yet.' }),
      startedAt: time,
      settledAt: time.nullable(),
    }),
  ).meta({ description: 'Each try that could have had an effect, oldest first. Reading leaves none.' }),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  approvalId: z.string().nullable(),
  reversible: z.boolean(),
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});

const planSchema = z.object({
  version: z.int(),
  planner: z.string(),
  playbook: z.string().nullable(),
  model: z.string().nullable(),
  summary: z.string(),
  costMicros: z.int().nullable(),
  tokensIn: z.int().nullable(),
  tokensOut: z.int().nullable(),
  steps: list(
    z.object({ id: z.string(), tool: z.string(), title: z.string(), effect: z.string(), after: list(z.string()), why: z.string() }),
  ),
});

const eventSchema = z.object({
  id: z.string(),
  source: z.string(),
  kind: z.string(),
  channel: z.string(),
  receivedAt: time,
  externalId: z.string(),
  payload: jsonObject,
  provenance: jsonObject,
});

const timelineEntrySchema = z.object({
  seq: z.int(),
  at: time,
  kind: z.string(),
  actor: z.string(),
  state: z.string().nullable(),
  text: z.string(),
});

export const taskSchema = named(
  z.object({
    ...taskSummaryShape,
    event: eventSchema,
    plan: planSchema.nullable(),
    steps: list(stepSchema),
    undo: z
      .object({ steps: list(z.string()), left: list(z.string()), underWay: z.boolean() })
      .nullable()
      .meta({ description: 'Which steps of a finished task can be taken back, and which stay. Null where none can.' }),
    retries: z.int().meta({ description: 'Tries in a row that came to nothing.' }),
    nextTryAt: time.nullable(),
    costs: z
      .object({ plans: z.int(), tokensIn: z.int(), tokensOut: z.int(), costMicros: z.number().nullable() })
      .meta({ description: 'What planning has cost, all plans together, in millionths of a US dollar. Null: a price is not known.' }),
    approvals: list(approvalSchema),
    timeline: list(timelineEntrySchema),
  }),
  {
    id: 'Task',
    description: 'One piece of work with everything about it: the event, the plan, each step, each approval, and what happened when.',
  },
);
export type Task = z.input<typeof taskSchema>;
export type TaskSummary = z.input<typeof taskSummarySchema>;
export type Step = z.input<typeof stepSchema>;

export const noteItemSchema = named(
  z.object({
    path: z.string(),
    etag: z.string(),
    sizeBytes: z.int(),
    trusted: z.boolean().meta({ description: 'Written by a member of the tenant, and by no tool since.' }),
    generated: z.boolean().meta({ description: 'Drawn from rows when it is read: moving may decide, writing is refused.' }),
    updatedAt: time,
  }),
  { id: 'NoteItem', description: 'A note of the vault, without its text.' },
);

export const fileItemSchema = named(
  z.object({ path: z.string(), etag: z.string(), sizeBytes: z.int(), createdAt: time, updatedAt: time }),
  { id: 'FileItem', description: 'A file of the vault, without its content.' },
);

export const movedSchema = named(z.object({ path: z.string(), etag: z.string(), decision: z.enum(['accept', 'reject']).optional() }), {
  id: 'Moved',
  description: 'Where a note lies now, and what its move decided.',
});

export const auditEntrySchema = named(
  z.object({
    seq: z.int(),
    at: time,
    kind: z.string(),
    actor: z.string(),
    objectId: z.string().nullable(),
    taskId: z.string().nullable(),
    state: z.string().nullable(),
    text: z.string(),
    body: z.string().meta({ description: 'The very bytes that are hashed: canonical JSON of an OCSF event.' }),
  }),
  { id: 'AuditEntry', description: 'One line of the append-only log.' },
);

export const proofSchema = named(
  z.object({
    seq: z.int(),
    body: z.string(),
    leafHash: z.string(),
    size: z.int(),
    hashes: list(z.string()),
    checkpoint: z.string(),
    verifierKey: z.string(),
  }),
  { id: 'EntryProof', description: 'What proves that an entry is in the tree that the checkpoint signs. Hashes are lower-case hex.' },
);

export const logReportSchema = named(
  z.object({ ok: z.boolean(), entries: z.int(), checkpointAt: time, root: z.string(), fault: json.optional() }),
  { id: 'LogReport', description: 'What came of reading the whole log again.' },
);

export const apiKeySchema = named(
  z.object({
    id: z.string(),
    name: z.string(),
    start: z.string().meta({ description: 'The first letters of the key: all that is known of its text.' }),
    permissions: list(z.string()),
    state: z.enum(['active', 'expired', 'revoked']),
    createdAt: time,
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable().meta({ description: 'Known to the minute.' }),
    perMinute: z.int().nullable().meta({ description: 'Requests a minute; null: as many as the tenant.' }),
    serviceAccountId: z.string().nullable(),
    replacedBy: z.string().nullable().meta({ description: 'The key that a rotation made of it; this one is good until it expires.' }),
  }),
  { id: 'ApiKey', description: 'A key for programs, without its text.' },
);

export const serviceAccountSchema = named(
  z.object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    permissions: list(z.string()),
    keys: z.int().meta({ description: 'Keys that can be used.' }),
    createdAt: time,
    updatedAt: time,
  }),
  { id: 'ServiceAccount', description: 'A program with a name of its own. Its keys do what both it and they may.' },
);

const quotaShape = {
  quota: z.string(),
  title: z.string(),
  unit: z.string().meta({ description: '`micro-usd` are millionths of a US dollar.' }),
  window: z
    .enum(['now', 'minute', 'day', 'month'])
    .meta({ description: '`now`: what is there at this moment. Others start on a whole one in UTC.' }),
  used: z.int(),
};
export const usageSchema = named(
  z.object({
    ...quotaShape,
    limit: z.int(),
    resetsAt: time.nullable(),
    alert: z
      .union([z.literal(80), z.literal(100)])
      .nullable()
      .meta({ description: 'The highest alert that stands, in percent.' }),
  }),
  { id: 'Usage', description: 'A quota and what is used of it.' },
);

export const quotaLimitSchema = named(
  z.object({
    ...quotaShape,
    limit: z.int().nullable().meta({ description: 'What is set for this tenant; null: nothing, so that `standard` holds.' }),
    standard: z.int(),
  }),
  { id: 'QuotaLimit', description: 'A quota of one tenant, as operators set it.' },
);
