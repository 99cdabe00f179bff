/** What the installation itself mails to people: invitations, sign-in links, alerts. A tenant's mail is a connector's. */
export { createPostman, type Letter, type Postman } from './postman.ts';
