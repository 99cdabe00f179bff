/** The door to webhooks that go out: who is told of what, and what became of it. */
export { createWebhookKeeper } from './keeper.ts';
export { webhookKinds } from './kinds.ts';
export {
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
  type WebhookInput,
  webhookInputSchema,
} from './webhook.ts';
