import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Json, jsonObjectSchema } from '#kernel';
import { ask, askAll } from '../api.ts';
import { type Answer, type Command, type CommandContext, UsageError } from '../command.ts';
import { list, table } from '../table.ts';
import { limitOf } from './task.ts';

const approvalSchema = z.looseObject({
  id: z.string(),
  taskId: z.string(),
  headline: z.string(),
  consequence: z.string().nullish(),
  reason: z.string().nullish(),
  risk: z.string(),
  state: z.string(),
  payloadHash: z.string(),
  expiresAt: z.string(),
  decidedBy: z.string().nullish(),
  decidedAt: z.string().nullish(),
  fields: z.array(z.looseObject({ title: z.string(), display: z.string(), warnings: z.array(z.string()) })),
});
const decisions = ['accept', 'reject', 'respond', 'edit', 'delegate'] as const;

export const approvalCommands: readonly Command[] = [
  {
    name: 'approval list',
    usage: '[--state waiting] [--limit N] [--tenant T]',
    about: 'Show what waits for a decision.',
    options: { state: { type: 'string' }, limit: { type: 'string' } },
    async run({ given, backend, tenant }) {
      const query = { state: given.text('state') ?? 'waiting' };
      const limit = limitOf(given.text('limit'));
      const items = await askAll(await backend(), approvalSchema, { path: '/api/v1/approvals', query, tenant: await tenant(), limit });
      const rows = items.map((approval) => [approval.id, approval.state, approval.risk, approval.expiresAt, approval.headline]);
      return {
        json: z.json().parse(items),
        text: rows.length === 0 ? 'Nothing waits.' : table(['ID', 'STATE', 'RISK', 'EXPIRES', 'WHAT'], rows),
      };
    },
  },
  {
    name: 'approval show',
    usage: 'APPROVAL-ID [--tenant T]',
    about: 'Show exactly what would be done, and the hash that a decision binds to.',
    operands: ['APPROVAL-ID'],
    async run(context) {
      return present(await find(context));
    },
  },
  {
    name: 'approval decide',
    usage: 'APPROVAL-ID accept|reject|respond|edit|delegate --hash HASH [--comment TEXT] [--edits JSON or FILE] [--to WHO] [--tenant T]',
    about: 'Decide about exactly the bytes that the hash names; `approval show` says which.',
    operands: ['APPROVAL-ID', 'DECISION'],
    options: { hash: { type: 'string' }, comment: { type: 'string' }, edits: { type: 'string' }, to: { type: 'string' } },
    run: decide,
  },
];

async function decide(context: CommandContext): Promise<Answer> {
  const { given } = context;
  const decision = z.enum(decisions).safeParse(given.operand('DECISION'));
  if (!decision.success) throw new UsageError(`A decision is one of ${decisions.join(', ')}.`);
  const payloadHash = given.text('hash');
  // Not looked up: who decides without having seen what for would decide about whatever is there at that moment.
  if (payloadHash === undefined)
    throw new UsageError(`Say with --hash what you decide about: factotum approval show ${given.operand('APPROVAL-ID')}`);
  const [comment, to, edits] = [given.text('comment'), given.text('to'), given.text('edits')];
  const json: Json = {
    decision: decision.data,
    payloadHash,
    ...(comment === undefined ? {} : { comment }),
    ...(to === undefined ? {} : { to }),
    ...(edits === undefined ? {} : { edits: await readEdits(edits) }),
  };
  const path = `${pathOf(given.operand('APPROVAL-ID'))}/decision`;
  return present(await ask(await context.backend(), approvalSchema, { method: 'POST', path, tenant: await context.tenant(), json }));
}

const pathOf = (id: string) => `/api/v1/approvals/${encodeURIComponent(id)}`;

async function find({ given, backend, tenant }: CommandContext) {
  return ask(await backend(), approvalSchema, { path: pathOf(given.operand('APPROVAL-ID')), tenant: await tenant() });
}

function present(approval: z.infer<typeof approvalSchema>): Answer {
  const { id, headline, consequence, reason, risk, state, expiresAt, decidedBy, decidedAt, payloadHash } = approval;
  const parts = [
    list({
      approval: id,
      what: headline,
      consequence,
      'asked because': reason,
      risk,
      state,
      expires: expiresAt,
      'decided by': decidedBy,
      'decided at': decidedAt,
    }),
    table(
      ['FIELD', 'VALUE', 'LOOK OUT'],
      approval.fields.map((field) => [field.title, field.display, field.warnings.join('; ')]),
    ),
    ...(state === 'waiting' ? [`factotum approval decide ${id} accept --hash ${payloadHash}`] : []),
  ];
  return { json: z.json().parse(approval), text: parts.join('\n\n') };
}

/** JSON itself, or the name of a file that holds it. */
async function readEdits(given: string): Promise<Json> {
  const text = given.trimStart().startsWith('{') ? given : await readFile(given, 'utf8').catch(() => '');
  try {
    return jsonObjectSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageError('--edits takes the full new arguments as a JSON object, or the name of a file with them.');
  }
}
