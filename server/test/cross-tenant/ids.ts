import { newId } from '#kernel';
import type { Place } from './place.ts';

/** What stands in a path for each parameter, by the segment before it: the other tenant's. A new kind of object is one line. */
export const pathIds: Readonly<Record<string, (other: Place) => string>> = {
  'tasks/{id}': ({ ids }) => ids.task,
  'approvals/{id}': ({ ids }) => ids.approval,
  'notes/{path}': ({ ids }) => encodeURIComponent(ids.note),
  'events/{id}': ({ ids }) => ids.event,
  'attachments/{n}': () => '0',
  'uploads/{name}': () => 'mine.txt',
  'files/{path}': ({ ids }) => encodeURIComponent(ids.file),
  'entries/{seq}': () => '3',
  'tile/{path}': () => '0/000.p/3',
  'api-keys/{id}': ({ ids }) => ids.apiKey,
  'service-accounts/{id}': ({ ids }) => ids.serviceAccount,
  'members/{userId}': ({ ids }) => ids.member,
  'invitations/{id}': ({ ids }) => ids.invitation,
  'roles/{id}': ({ ids }) => ids.role,
  'teams/{id}': ({ ids }) => ids.team,
  'providers/{id}': ({ ids }) => ids.provider,
  'people/{userId}': ({ ids }) => ids.member,
  'domains/{domain}': ({ ids }) => ids.domain,
  'tests/{testId}': ({ ids }) => ids.ssoTest,
  'jobs/{id}': ({ ids }) => ids.job,
  // Of the installation, and of no tenant.
  'backups/{id}': () => newId('backup'),
  'exports/{jobId}': ({ ids }) => ids.job,
  'history/{id}': ({ ids }) => ids.versioned,
  'changes/{id}': ({ ids }) => ids.ownChange,
  'devices/{id}': ({ ids }) => ids.device,
  'push-subscriptions/{id}': ({ ids }) => ids.browser,
  'views/{id}': ({ ids }) => ids.view,
  'tokens/{id}': ({ ids }) => ids.scimToken,
  // Of nobody yet.
  'registrations/{id}': () => newId('registration'),
  'passkeys/{id}': ({ ids }) => ids.passkey,
  'accounts/{id}': ({ ids }) => ids.account,
  'transactions/{id}': ({ ids }) => ids.transaction,
  'invoices/{id}': ({ ids }) => ids.invoice,
  'secrets/{id}': ({ ids }) => ids.secret,
  'connections/{id}': ({ ids }) => ids.connection,
  'grants/{id}': ({ ids }) => ids.grant,
  'schedules/{id}': ({ ids }) => ids.schedule,
  'webhooks/{id}': ({ ids }) => ids.webhook,
  'deliveries/{delivery}': ({ ids }) => ids.delivery,
  'versions/{version}': () => '1',
  'tool-servers/{id}': ({ ids }) => ids.toolServer,
  'tools/{tool}': ({ ids }) => ids.tool,
  'tables/{table}': () => 'work',
  'sessions/{id}': ({ ids }) => ids.session,
  'tenants/{id}': ({ tenantId }) => tenantId,
  // Numbers of one's own; the canary is the other's.
  'generations/{n}': () => '2',
};

/** What a list asks for besides a limit. */
export const listQueries: Readonly<Record<string, (other: Place) => string>> = {
  'GET /api/v1/vault/history': ({ ids }) => `&path=${encodeURIComponent(ids.versionedPath)}`,
  'GET /api/v1/vault/links': ({ ids }) => `&path=${encodeURIComponent(ids.versionedPath)}`,
  'GET /api/v1/vault/search': ({ ids }) => `&q=${encodeURIComponent(ids.canary)}`,
};

/**
 * Routes whose documented answer to another tenant's id is not 404, and why that gives nothing away. The content of every answer is
 * looked through all the same.
 */
export const otherAnswers: Readonly<Record<string, { readonly statuses: readonly number[]; readonly because: string }>> = {
  'GET /api/v1/analytics/tables/{table}': { statuses: [200], because: 'a table has a name, and everybody’s own figures are in it' },
  'PUT /api/v1/vault/notes/{path}': {
    statuses: [201],
    because: 'a path is a name of its own in each vault: this writes a note of one’s own',
  },
  'PUT /api/v1/uploads/{name}': { statuses: [400], because: 'a name is no id, and a file of no bytes is none' },
  'PUT /api/v1/vault/files/{path}': { statuses: [201], because: 'the same: a file of one’s own' },
  'GET /api/v1/audit/entries/{seq}/proof': { statuses: [200, 404], because: 'each log counts from nought: this is an entry of one’s own' },
  'GET /api/v1/policy/versions/{version}': {
    statuses: [200],
    because: 'each tenant counts its versions from one: this is one of one’s own',
  },
  'POST /api/v1/policy/versions/{version}/restore': { statuses: [200], because: 'the same' },
  'GET /api/v1/audit/log/tile/{path}': { statuses: [200, 404], because: 'the same' },
};
