/** The door to webhooks that come in. */
export { webhookConnector } from './connector.ts';
