export { createMailConnector } from './connector.ts';
export { createInvitationPost } from './invitation.ts';
export { mailTools } from './tools.ts';
