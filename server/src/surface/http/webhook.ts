import { z } from 'zod';
import {
  changeWebhook,
  createWebhook,
  type Delivery,
  deleteWebhook,
  listDeliveries,
  listWebhooks,
  readWebhook,
  replayDeliveries,
  replayDelivery,
  rotateSecret,
  tryWebhook,
  type Webhook,
  webhookInputSchema,
  webhookKinds,
} from '#flow/webhook';
import { jsonBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { Call, Routes } from './route.ts';
import { named, page, time } from './schema.ts';

const tag = 'webhooks';
const path = '/api/v1/webhooks';
const params = z.object({ id: z.string() });

const webhookSchema = named(
  z.object({
    id: z.string(),
    url: z.string(),
    description: z.string(),
    kinds: z.array(z.string()),
    state: z.enum(['active', 'paused', 'broken']).meta({ description: 'Broken: given up after five days of failures; resume it.' }),
    version: z.number(),
    failures: z.number().meta({ description: 'In a row' }),
    failingSince: time.nullable(),
    createdAt: time,
    updatedAt: time,
  }),
  { id: 'Webhook', description: 'An endpoint that is told what happens. Its secret is shown when it is made.' },
);
const secretSchema = z.string().meta({ description: 'Shown this once. Its signatures are those of Standard Webhooks.' });

const deliverySchema = named(
  z.object({
    id: z.string().meta({ description: 'The same for all attempts, sent as webhook-id' }),
    kind: z.string(),
    state: z.enum(['waiting', 'delivered', 'failed']),
    attempts: z.number(),
    nextAt: time.nullable(),
    lastStatus: z.number().nullable(),
    message: z.string().nullable().meta({
      description: 'What the far side said last, or why it could not be reached. Who may not read the audit log is told the status alone',
    }),
    createdAt: time,
    triedAt: time.nullable(),
    deliveredAt: time.nullable(),
    payload: z.string().nullable().meta({ description: 'The JSON that is sent; null for who may not read the audit log' }),
  }),
  { id: 'WebhookDelivery', description: 'One telling: what is sent, and what came of it.' },
);

/** Without the defaults: what is left out stays. */
const { url, description, kinds } = webhookInputSchema.shape;
const changesSchema = z
  .strictObject({ url, description: description.unwrap(), kinds: kinds.unwrap(), state: z.enum(['active', 'paused']) })
  .partial();

/** Endpoints of the tenant's that are told what happens. */
export function addWebhookRoutes(routes: Routes): void {
  const by = ({ principal, now }: Call) => ({ actor: principal.actor, at: now });

  routes.add(
    'connection:read',
    { method: 'get', path, summary: 'List webhooks', tag, answers: { 200: page(webhookSchema) } },
    async ({ inTenant, keys }) => {
      const webhooks = await inTenant((tx) => listWebhooks(tx, keys));
      return { status: 200, body: { items: webhooks.map(present), nextCursor: null } };
    },
  );

  routes.add(
    'connection:read',
    { method: 'get', path: `${path}/kinds`, summary: 'What a webhook can be told of', tag, answers: { 200: page(z.string()) } },
    async () => ({ status: 200, body: { items: webhookKinds, nextCursor: null } }),
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path,
      summary: 'Make a webhook. It is told of what happens from now on',
      tag,
      fresh: true,
      body: jsonBody(webhookInputSchema),
      answers: { 201: webhookSchema.extend({ secret: secretSchema }) },
      errors: ['webhook.invalid'],
    },
    async (call) => {
      const { webhook, secret } = await call.inTenant((tx) => createWebhook(tx, call.keys, { ...call.body, ...by(call) }));
      return { status: 201, body: { ...present(webhook), secret } };
    },
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path: `${path}/{id}`,
      summary: 'A webhook',
      tag,
      params,
      answers: { 200: webhookSchema },
      errors: ['webhook.not_found'],
    },
    async ({ inTenant, keys, params: { id } }) => ({ status: 200, body: present(await inTenant((tx) => readWebhook(tx, keys, id))) }),
  );

  routes.add(
    'connection:admin',
    {
      method: 'put',
      path: `${path}/{id}`,
      summary: 'Change, pause or resume a webhook; what is left out stays',
      tag,
      fresh: true,
      params,
      body: jsonBody(changesSchema),
      answers: { 200: webhookSchema },
      errors: ['webhook.not_found'],
    },
    async (call) => {
      const changed = await call.inTenant((tx) => changeWebhook(tx, call.keys, call.params.id, { ...call.body, ...by(call) }));
      return { status: 200, body: present(changed) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'delete',
      path: `${path}/{id}`,
      summary: 'Delete a webhook; what waits to be told is forgotten',
      tag,
      params,
      answers: { 204: null },
      errors: ['webhook.not_found'],
    },
    async (call) => {
      await call.inTenant((tx) => deleteWebhook(tx, call.keys, call.params.id, by(call)));
      return { status: 204 };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/{id}/secret`,
      summary: 'Replace the secret; for a day both sign',
      tag,
      fresh: true,
      params,
      answers: { 200: z.object({ secret: secretSchema, oldUntil: time }) },
      errors: ['webhook.not_found'],
    },
    async (call) => {
      const { secret, oldUntil } = await call.inTenant((tx) => rotateSecret(tx, call.keys, call.params.id, by(call)));
      return { status: 200, body: { secret, oldUntil: oldUntil.toISOString() } };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/{id}/test`,
      summary: 'Send something that means nothing, to see whether it arrives',
      tag,
      params,
      answers: { 202: z.object({ deliveryId: z.string() }) },
      errors: ['webhook.not_found', 'webhook.invalid'],
    },
    async (call) => {
      const deliveryId = await call.inTenant((tx) => tryWebhook(tx, call.keys, call.params.id, by(call)));
      return { status: 202, body: { deliveryId } };
    },
  );

  routes.add(
    'connection:read',
    {
      method: 'get',
      path: `${path}/{id}/deliveries`,
      summary: 'What was told in the last 30 days, newest first',
      tag,
      params,
      query: z.strictObject({ state: deliverySchema.shape.state.optional(), ...pageQuery }),
      answers: { 200: page(deliverySchema) },
      errors: ['webhook.not_found', 'request.cursor_invalid'],
    },
    async ({ inTenant, keys, principal, params: { id }, query: { state, limit, cursor } }) => {
      const before = readCursor(keys, 'deliveries', cursor) ?? null;
      const mayReadLog = principal.permissions.has('audit:read');
      const deliveries = await inTenant((tx) => listDeliveries(tx, keys, { id, mayReadLog, state, before, limit: limit + 1 }));
      const cursorOf = (delivery: Delivery) => makeCursor(keys, 'deliveries', delivery.id);
      return { status: 200, body: pageOf(deliveries, limit, { present: presentDelivery, cursorOf }) };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/{id}/deliveries/{delivery}/replay`,
      summary: 'Tell once more, under the same id',
      tag,
      params: params.extend({ delivery: z.string() }),
      answers: { 204: null },
      errors: ['webhook.not_found'],
    },
    async (call) => {
      const { id, delivery } = call.params;
      await call.inTenant((tx) => replayDelivery(tx, call.keys, id, delivery, by(call)));
      return { status: 204 };
    },
  );

  routes.add(
    'connection:admin',
    {
      method: 'post',
      path: `${path}/{id}/replay`,
      summary: 'Tell everything since a time once more',
      tag,
      params,
      body: jsonBody(z.strictObject({ since: z.iso.datetime({ offset: true }) })),
      answers: { 202: z.object({ count: z.number() }) },
      errors: ['webhook.not_found'],
    },
    async (call) => {
      const since = new Date(call.body.since);
      const count = await call.inTenant((tx) => replayDeliveries(tx, call.keys, call.params.id, since, by(call)));
      return { status: 202, body: { count } };
    },
  );
}

const present = ({ failingSince, createdAt, updatedAt, ...webhook }: Webhook) => ({
  ...webhook,
  failingSince: failingSince?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

const presentDelivery = ({ nextAt, createdAt, triedAt, deliveredAt, ...delivery }: Delivery) => ({
  ...delivery,
  nextAt: nextAt?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
  triedAt: triedAt?.toISOString() ?? null,
  deliveredAt: deliveredAt?.toISOString() ?? null,
});
