import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Json, type JsonObject, jsonObjectSchema } from '#kernel';
import { type ApiRequest, ask } from '../api.ts';
import { type Command, type CommandContext, UsageError } from '../command.ts';
import { list } from '../table.ts';

const acceptedSchema = z.looseObject({ eventId: z.string(), taskId: z.string().nullable() });

export const eventCommands: readonly Command[] = [
  {
    name: 'event send',
    usage: 'FILE [--source NAME] [--kind NAME] [--tenant T]',
    about:
      'Send something in: a mail as it was received (.eml), or an event {source, kind, externalId, payload} (.json). - reads from standard input.',
    operands: ['FILE'],
    options: { source: { type: 'string' }, kind: { type: 'string' } },
    async run(context) {
      const file = context.given.operand('FILE');
      const bytes = file === '-' ? await context.deps.terminal.input() : await readInput(file);
      const sent = isJson(file, bytes) ? eventRequest(context, bytes) : mailRequest(context, bytes);
      const accepted = await ask(await context.backend(), acceptedSchema, { method: 'POST', tenant: await context.tenant(), ...sent });
      return { json: z.json().parse(accepted), text: list({ event: accepted.eventId, task: accepted.taskId }) };
    },
  },
];

async function readInput(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** By its name, else by its first letter: no mail begins with a brace. */
function isJson(file: string, bytes: Uint8Array): boolean {
  if (/\.json$/i.test(file)) return true;
  if (/\.(?:eml|mail|msg|mbox)$/i.test(file)) return false;
  return /^\s*\{/.test(Buffer.from(bytes.subarray(0, 1_000)).toString('utf8'));
}

function mailRequest({ given }: CommandContext, bytes: Uint8Array): Pick<ApiRequest, 'path' | 'raw'> {
  if (given.text('source') !== undefined || given.text('kind') !== undefined)
    throw new UsageError('A mail says itself what it is; --source and --kind are for JSON events.');
  return { path: '/api/v1/events/mail', raw: { bytes, type: 'message/rfc822' } };
}

/** What the file leaves out is filled in: the source from the option, the external id from the bytes, so that sending it again changes nothing. */
function eventRequest({ given }: CommandContext, bytes: Uint8Array): Pick<ApiRequest, 'path' | 'json'> {
  const event = parseEvent(bytes);
  const externalId = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const named = Object.fromEntries(
    ['source', 'kind'].flatMap((name) => (given.text(name) === undefined ? [] : [[name, given.text(name) ?? null]])),
  );
  const json: Json = 'payload' in event ? { externalId, ...event, ...named } : { externalId, payload: event, ...named };
  return { path: '/api/v1/events', json };
}

function parseEvent(bytes: Uint8Array): JsonObject {
  try {
    return jsonObjectSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    throw new UsageError('The file is not a JSON object in UTF-8.');
  }
}
