import { createHash } from 'node:crypto';
import { type Arrival, ConnectorFault, type HookRequest, type Json, type JsonObject } from '@factotum/connector-sdk';
import { parseTemplate, valueAt } from '#flow/plan';
import type { WebhookSettings } from './settings.ts';

/** Of what a template brings, this much is used. */
const partCharsMax = 500;

/** Makes the event of a request whose sender is known. @throws ConnectorFault `permanent` for a body that is no JSON, and where a place is empty. */
export function arrivalOf(request: HookRequest, settings: WebhookSettings): Arrival {
  const body = readBody(request);
  const facts = { body, headers: request.headers };
  // Only Standard Webhooks sign their id.
  const signedId = settings.signature.scheme === 'standard' ? request.headers['webhook-id'] : undefined;
  const external = settings.id === undefined ? (signedId ?? digestOf(request.body)) : fill(settings.id, facts, 'id');
  const kind = fill(settings.kind, facts, 'kind')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.-]+/g, '_')
    .replace(/^[^a-z]+/, '')
    .slice(0, 64);
  const time = settings.occurredAt === undefined ? null : timeOf(fill(settings.occurredAt, facts, 'occurredAt'));
  return {
    form: 'event',
    kind: kind === '' ? 'webhook.received' : kind,
    externalId: external.slice(0, 500),
    title: fill(settings.title, facts, 'title'),
    payload: isObject(body) ? body : { body },
    ...(time === null ? {} : { occurredAt: time }),
  };
}

function readBody({ headers, body }: HookRequest): Json {
  const text = Buffer.from(body).toString('utf8');
  if ((headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  try {
    // What JSON.parse makes is JSON.
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new ConnectorFault('permanent', 'The body is not JSON.', { cause });
  }
}

function fill(template: string, facts: Json, name: string): string {
  const parsed = parseTemplate(template);
  if ('fault' in parsed) throw new ConnectorFault('permanent', `The setting ${name} is not right: ${parsed.fault}`);
  const text = parsed.parts
    .map((part) => {
      if ('literal' in part) return part.literal;
      const { head, path } = part.reference;
      const value = valueAt(facts, [head, ...path]);
      if (value === undefined || value === null)
        throw new ConnectorFault('permanent', `There is nothing at ${[head, ...path].join('.')}, which ${name} names.`);
      return (typeof value === 'object' ? JSON.stringify(value) : String(value)).slice(0, partCharsMax);
    })
    .join('');
  return (
    text
      .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
      .trim()
      .slice(0, partCharsMax) || name
  );
}

/** RFC 3339, or seconds or milliseconds since 1970; null for what is none. */
function timeOf(text: string): string | null {
  const ms = /^\d{9,10}$/.test(text) ? Number(text) * 1_000 : /^\d{12,13}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : null;
}

const digestOf = (body: Uint8Array): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;
const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
