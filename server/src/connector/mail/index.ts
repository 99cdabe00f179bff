export { createMailConnector } from './connector.ts';
export { mailTools } from './tools.ts';
