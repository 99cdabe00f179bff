export { createMailConnector, type MailConnectorOptions, mailAccount } from './connector.ts';
export { mailTools } from './tools.ts';
