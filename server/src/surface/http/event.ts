import { z } from 'zod';
import { importAsSchema } from '#flow/file';
import { eventInputSchema, rawBytesMax } from '#flow/intake';
import type { Principal } from '#trust/identity';
import { jsonBody, rawBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Routes } from './route.ts';
import { acceptedSchema } from './schema.ts';

/** Above the payload's own limit by what the other members and white space may take. */
const eventBytesMax = 512 * 1024;

/** A title for people, from the payload if it has one. */
const titled = z.looseObject({ title: z.string().optional(), subject: z.string().optional() });

/** Events in. 202 for one that is new, 200 with the same ids for one that was here before. */
export function addEventRoutes(routes: Routes, { intake }: Pick<HttpDeps, 'intake'>): void {
  const answers = { 202: acceptedSchema, 200: acceptedSchema } as const;
  const toAnswer = ({ eventId, taskId, created }: Awaited<ReturnType<typeof intake.accept>>) =>
    created ? ({ status: 202, body: { eventId, taskId } } as const) : ({ status: 200, body: { eventId, taskId } } as const);

  routes.add(
    'event:write',
    {
      method: 'post',
      path: '/api/v1/events',
      summary: 'Send an event in',
      tag: 'events',
      limit: 'intake',
      body: jsonBody(eventInputSchema, { bytesMax: eventBytesMax }),
      answers,
      errors: ['event.conflict', 'quota.exceeded'],
    },
    async ({ body, tenantId, principal }) =>
      toAnswer(
        await intake.accept(tenantId, {
          ...body,
          title: titleOf(body.payload) ?? `${body.kind} from ${body.source}`,
          provenance: { ...doorOf(principal), integrity: 'untrusted' },
        }),
      ),
  );

  routes.add(
    'event:write',
    {
      method: 'post',
      path: '/api/v1/events/mail',
      summary: 'Send a raw mail (RFC 5322) in',
      tag: 'events',
      limit: 'intake',
      query: z.strictObject({ as: importAsSchema.default('new').describe('history: kept and found, and nothing is done because of it') }),
      body: rawBody(['message/rfc822', 'application/octet-stream', 'text/plain'], rawBytesMax),
      answers,
      errors: ['mail.invalid', 'event.conflict', 'quota.exceeded', 'document.busy'],
    },
    async ({ body, query, tenantId, principal }) =>
      toAnswer(await intake.acceptMail(tenantId, body, { ...doorOf(principal), history: query.as === 'history' })),
  );
}

/** The operator's command comes through the same routes. Whoever sends an event in, others can have written it. */
const doorOf = ({ kind, actor }: Principal) => ({ channel: kind === 'operator' ? 'command' : 'http', submittedBy: actor }) as const;

function titleOf(payload: unknown): string | undefined {
  const { title, subject } = titled.safeParse(payload).data ?? {};
  const text = (title ?? subject ?? '').replace(/\s+/g, ' ').trim();
  return text === '' ? undefined : text.slice(0, 300);
}
