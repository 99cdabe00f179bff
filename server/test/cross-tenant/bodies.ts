import { testBrowser } from '../push.ts';
import type { Place } from './place.ts';

/** What one tenant might send to a route, with the other's ids wherever ids go. */
export interface Sample {
  /** JSON that is right in every other respect, so that the ids are the only thing wrong with it. */
  readonly json?: unknown;
  readonly raw?: { readonly body: string; readonly type: string };
  /** What it is answered where that is not a refusal: what names nobody is done for whoever asks. */
  readonly allowed?: readonly number[];
  /** How it may be refused besides, because what is wrong with it is seen before the path's id is looked for. */
  readonly refused?: readonly number[];
}

const provider = (role: string) => ({
  kind: 'oidc',
  name: 'Theirs',
  enabled: false,
  joins: false,
  roles: { claim: 'groups', rules: [{ value: 'staff', role }], fallback: [] },
  oidc: { issuer: 'https://idp.example', clientId: 'one', clientSecret: 'two' },
});
/** Its key is a secret that only the other tenant may have. */
const ownModel = { provider: 'openai-compatible', name: 'x', url: 'https://models.example/v1', key: 'secret://db/theirs' };
const theirToolServer = { kind: 'http', url: 'https://tools.example/mcp', signIn: { kind: 'bearer', token: 'secret://db/theirs' } };
const anyManifest = {
  ...{ title: 'x', consequence: 'x', effect: 'read', risk: 'low', visibleOutside: false, readsPrivate: false, args: {} },
  ...{ timeoutMs: 1_000, callsPerMinute: 1 },
};
const feed = { connector: 'feed', settings: { feed: 'mine' }, credentials: { password: 'right' } };
const statement =
  ':20:S\n:25:NL91ABNA0417164300\n:28C:1/1\n:60F:C260301EUR1,00\n:61:2603010301C1,00NTRFNONREF\n:86:mine\n:62F:C260301EUR2,00\n-';
const anyMapping = {
  ...{ header: ['Day', 'Amount'], delimiter: ';', decimalPoint: ',', dateOrder: 'dmy' },
  columns: { bookedOn: 0, amount: 1 },
};
const told = { page: true, push: true, mail: 'digest' };
const noticeRules = {
  kinds: {
    ...{ approval: told, delegated: told, comment: told, question: told },
    ...{ unknown: told, failed: told, connection: told, quota: told },
  },
  minimumRisk: 'low',
  titles: { push: false, mail: false },
  quiet: { on: false, from: '21:00', to: '07:00', weekends: false },
  digest: { at: '08:00', weekday: null },
  zone: null,
};
const roleNameOf = ({ ids }: Place): string => `r-${ids.canary}`.slice(0, 30);

/** By route: every route of a tenant or a person that takes a body stands here. A new route is one line. */
export const bodies: Readonly<Record<string, (other: Place) => readonly Sample[]>> = {
  'POST /api/v1/session/step-up': () => [{ json: { password: 'a password of nobody' } }],
  'POST /api/v1/session/step-up/passkey': () => [{ json: { response: {} } }],
  'POST /api/v1/session/tenant': ({ tenantId }) => [{ json: { tenantId } }],
  'PUT /api/v1/account': () => [{ json: { name: 'Somebody else' }, allowed: [204] }],
  'PUT /api/v1/account/password': () => [{ json: { password: 'correct horse battery staple 47' }, allowed: [204] }],
  'POST /api/v1/account/totp/confirm': () => [{ json: { code: '123456' } }],
  'POST /api/v1/account/passkeys': () => [{ json: { name: 'x', response: {} } }],
  'POST /api/v1/me/views': ({ ids }) => [{ json: { page: 'tasks', name: 'Mine', filter: { source: ids.canary } }, allowed: [201] }],
  'PUT /api/v1/me/views/{id}': () => [{ json: { name: 'Mine now', filter: {} } }],
  'PUT /api/v1/me/language': () => [{ json: { language: 'de' }, allowed: [204] }],
  'PUT /api/v1/me/appearance': () => [{ json: { theme: 'dark', density: 'compact' }, allowed: [204] }],
  'POST /api/v1/me/survey': () => [{ json: { scores: { useful: 5 } }, allowed: [204] }],
  'POST /api/v1/me/devices': ({ ids }) => [{ json: { name: ids.canary, permissions: ['vault:read'] }, allowed: [201] }],
  'POST /api/v1/events': ({ ids }) => [
    { json: { source: 'test', kind: 'other', externalId: `${ids.canary}-1`, payload: { taskId: ids.task } }, allowed: [202] },
  ],
  'POST /api/v1/events/mail': () => [
    { raw: { body: 'From: a@example.com\r\nSubject: x\r\n\r\ny', type: 'message/rfc822' }, allowed: [202] },
  ],
  'POST /api/v1/tasks/{id}/cancel': () => [{}],
  'POST /api/v1/tasks/{id}/undo': () => [{}],
  'POST /api/v1/tasks/{id}/replan': () => [{ json: { comment: 'Another way.' } }],
  'POST /api/v1/tasks/{id}/resume': () => [{ json: { comment: 'Go on.' } }],
  'POST /api/v1/approvals/{id}/decision': ({ ids }) => [
    { json: { decision: 'accept', payloadHash: ids.payloadHash } },
    { json: { decision: 'delegate', payloadHash: ids.payloadHash, to: `user:${ids.member}` }, refused: [422] },
  ],
  'POST /api/v1/approvals/decisions': ({ ids }) => [
    { json: { decisions: [{ id: ids.approval, decision: 'reject', payloadHash: ids.payloadHash, comment: 'No.' }] }, allowed: [200] },
  ],
  'POST /api/v1/approvals/{id}/delegation': ({ ids }) => [{ json: { to: { kind: 'member', id: ids.member } } }],
  'POST /api/v1/approvals/{id}/snooze': () => [{ json: { until: new Date(Date.now() + 3_600_000).toISOString() } }],
  'POST /api/v1/approvals/{id}/comments': () => [{ json: { text: 'Mine.' } }],
  'POST /api/v1/approvals/{id}/undo': () => [{}],
  'PUT /api/v1/me/delegation': ({ ids }) => [
    { json: { to: { kind: 'member', id: ids.member }, from: '2026-01-01T00:00:00Z', until: '2126-01-01T00:00:00Z' } },
    { json: { to: { kind: 'team', id: ids.team }, from: '2026-01-01T00:00:00Z', until: '2126-01-01T00:00:00Z' } },
  ],
  'PUT /api/v1/vault/notes/{path}': () => [{ raw: { body: 'mine', type: 'text/markdown' }, allowed: [201] }],
  'PUT /api/v1/uploads/{name}': () => [{ raw: { body: 'mine', type: 'application/octet-stream' }, allowed: [200, 202] }],
  'POST /api/v1/events/{id}/attachments/{n}/keep': () => [{}],
  'PUT /api/v1/vault/files/{path}': () => [{ raw: { body: 'mine', type: 'application/octet-stream' }, allowed: [201] }],
  'POST /api/v1/vault/history/{id}/versions/{version}/restore': () => [{ json: {} }],
  'POST /api/v1/vault/move': ({ ids }) => [{ json: { from: ids.note, to: 'Mine.md' } }],
  'POST /api/v1/playbooks/check': ({ ids }) => [{ json: { path: 'Playbooks/Mine.md', text: ids.canary }, allowed: [200] }],
  'POST /api/v1/playbooks/preview': () => [
    { json: { path: 'Playbooks/Mine.md', text: '---\nwhen: {source: mail}\nsteps: [{id: a, tool: vault.read}]\n---\n' }, allowed: [200] },
  ],
  'POST /api/v1/playbooks/draft': ({ ids }) => [{ json: { taskId: ids.task } }],
  'PUT /api/v1/ledger/transactions/{id}': () => [{ json: { category: 'Mine' } }],
  'POST /api/v1/ledger/rules/trial': () => [{ json: { rules: [{ category: 'Food', text: 'a' }] }, allowed: [200] }],
  'PUT /api/v1/ledger/rules': () => [{ json: { version: 0, rules: [], learnUpToMinor: 1 }, allowed: [200] }],
  'POST /api/v1/ledger/invoices': () => [{ raw: { body: 'Invoice number: 4711\nTotal EUR 12.50', type: 'text/plain' }, allowed: [201] }],
  'POST /api/v1/ledger/invoices/{id}/match': ({ ids }) => [{ json: { transactionIds: [ids.transaction] } }, { json: { none: true } }],
  'POST /api/v1/ledger/imports': () => [{ raw: { body: statement, type: 'text/plain' }, allowed: [200] }],
  'PUT /api/v1/ledger/accounts/{id}/mapping': () => [{ json: { mapping: anyMapping, name: 'Mine' } }],
  'PUT /api/v1/model': () => [{ json: { own: ownModel } }],
  'POST /api/v1/secrets/{id}/rotation': () => [{ json: {} }],
  'POST /api/v1/model/test': () => [{ json: { own: ownModel } }],
  'POST /api/v1/tool-servers': () => [{ json: { slug: 'theirs', title: 'x', endpoint: theirToolServer }, allowed: [201] }],
  'PUT /api/v1/tool-servers/{id}': () => [{ json: { title: 'x', endpoint: theirToolServer, version: 1 } }],
  'POST /api/v1/tool-servers/{id}/look': () => [{}],
  'POST /api/v1/tool-servers/{id}/sign-in': () => [{}],
  'POST /api/v1/tool-servers/{id}/tools/{tool}/confirmation': () => [{ json: { pin: '0'.repeat(64), manifest: anyManifest } }],
  'POST /api/v1/audit/verify': () => [{ allowed: [200] }],
  'POST /api/v1/api-keys': ({ ids }) => [{ json: { name: 'x', permissions: ['task:read'], serviceAccountId: ids.serviceAccount } }],
  'POST /api/v1/api-keys/{id}/rotate': () => [{ json: { overlapHours: 1 } }],
  'POST /api/v1/service-accounts': () => [{ json: { name: 'x', permissions: ['task:read'] }, allowed: [201] }],
  'PUT /api/v1/service-accounts/{id}': () => [{ json: { name: 'x', permissions: ['task:read'] } }],
  'POST /api/v1/token': () => [{ json: {}, allowed: [200] }],
  'PUT /api/v1/members/{userId}': (other) => [{ json: { roles: ['auditor'] } }, { json: { roles: [roleNameOf(other)] } }],
  'POST /api/v1/invitations': (other) => [
    { json: { email: 'new@example.com', roles: ['member'], teams: [other.ids.team] } },
    { json: { email: 'new@example.com', roles: [roleNameOf(other)] } },
  ],
  'POST /api/v1/invitations/{id}/renew': () => [{ json: {} }],
  'POST /api/v1/roles': () => [{ json: { name: 'mine', title: 'Mine', permissions: ['task:read'] }, allowed: [201] }],
  'PUT /api/v1/roles/{id}': () => [{ json: { title: 'Mine', permissions: ['task:read'] } }],
  'POST /api/v1/teams': ({ ids }) => [{ json: { name: 'Mine', members: [ids.member] } }],
  'PUT /api/v1/teams/{id}': ({ ids }) => [{ json: { name: 'Mine', members: [ids.member] } }],
  'PUT /api/v1/security': ({ ids }) => [
    {
      json: {
        ssoRequired: false,
        breakGlassUserId: ids.member,
        secondFactorRequired: false,
        allowedAddresses: [],
        sessionIdleMinutes: 60,
        sessionAbsoluteHours: 24,
      },
    },
  ],
  'POST /api/v1/sso/providers': (other) => [{ json: provider(roleNameOf(other)) }],
  'PUT /api/v1/sso/providers/{id}': () => [{ json: provider('member') }],
  'POST /api/v1/sso/providers/{id}/domains': () => [{ json: { domain: 'mine.example' } }],
  'POST /api/v1/secrets': ({ ids }) => [
    { json: { name: 'mine', value: 'a value of mine' }, allowed: [201] },
    { json: { name: 'theirs', reference: `secret://vault/kv/tenants/${ids.canary}/mail` } },
  ],
  'PUT /api/v1/secrets/{id}': () => [{ json: { value: 'a value of mine', ifVersion: 1 } }, { json: { rotateAfterDays: 30 } }],
  'POST /api/v1/connections': () => [
    { json: { ...feed, name: 'Mine' }, allowed: [201] },
    { json: { ...feed, name: 'Theirs', credentials: { password: 'secret://vault/kv/tenants/theirs/mail' } } },
  ],
  'POST /api/v1/connections/test': () => [
    { json: feed, allowed: [200] },
    { json: { ...feed, credentials: { password: 'secret://vault/kv/tenants/theirs/mail' } } },
  ],
  'POST /api/v1/connections/discovery': ({ ids }) => [{ json: { connector: 'feed', address: ids.canary } }],
  'PUT /api/v1/connections/{id}': () => [{ json: { name: 'Mine now' } }, { json: { settings: { feed: 'mine' } } }],
  'POST /api/v1/settings/history/{id}/restore': () => [{}],
  'PUT /api/v1/policy': () => [{ json: { thresholds: {} }, allowed: [200] }],
  'POST /api/v1/policy/check': ({ ids }) => [{ json: { text: `// ${ids.canary.slice(0, 6)}` }, allowed: [200] }],
  'POST /api/v1/policy/simulate': () => [{ json: { thresholds: {} }, allowed: [200] }],
  'POST /api/v1/grants': ({ ids }) => [
    { json: { tool: ids.tool, args: { start: '$event.date' }, source: { source: 'mail' }, perDay: 1 } },
    { json: { tool: 'calendar.hold', args: { start: '$event.date' }, source: { source: 'mail' }, perDay: 1 }, allowed: [201] },
  ],
  'POST /api/v1/me/notices/seen': ({ ids }) => [
    { json: { ids: [ids.approval] }, allowed: [204] },
    { json: { until: 'ntc_f' }, allowed: [204] },
  ],
  'POST /api/v1/me/changes/{id}/restore': () => [{}],
  'PUT /api/v1/me/notice-rules': () => [{ json: noticeRules, allowed: [204] }],
  'POST /api/v1/me/push-subscriptions': ({ ids }) => [
    { json: { endpoint: `https://${ids.canary.slice(0, 6)}.example/push`, keys: testBrowser().keys, name: 'Mine' }, allowed: [201] },
  ],
  'POST /api/v1/me/push-subscriptions/{id}/test': () => [{}],
  'POST /api/v1/schedules': ({ ids }) => [{ json: { name: ids.canary, kind: 'mine', cron: '0 7 * * *' }, allowed: [201] }],
  'POST /api/v1/schedules/preview': () => [{ json: { cron: '0 7 * * *' }, allowed: [200] }],
  'PUT /api/v1/schedules/{id}': () => [{ json: { name: 'Mine now' } }, { json: { state: 'paused' } }],
  'POST /api/v1/schedules/{id}/run': () => [{}],
  'POST /api/v1/webhooks': () => [{ json: { url: 'https://mine.example/hook' }, allowed: [201] }],
  'PUT /api/v1/webhooks/{id}': () => [{ json: { url: 'https://mine.example/hook' } }, { json: { state: 'active' } }],
  'POST /api/v1/webhooks/{id}/secret': () => [{}],
  'POST /api/v1/webhooks/{id}/test': () => [{}],
  'POST /api/v1/webhooks/{id}/deliveries/{delivery}/replay': () => [{}],
  'POST /api/v1/webhooks/{id}/replay': () => [{ json: { since: '2026-01-01T00:00:00Z' } }],
  'POST /api/v1/encryption/rotation': () => [{ json: {}, allowed: [202] }],
  'POST /api/v1/encryption/rewrap': () => [{ allowed: [202] }],
  'PUT /api/v1/encryption/provider': () => [{ json: { uri: null }, allowed: [202] }],
  'POST /api/v1/encryption/revocation': () => [{ allowed: [204] }],
  'DELETE /api/v1/encryption/generations/{n}': () => [{ json: { confirm: 'destroy' } }],
  'PUT /api/v1/settings': () => [{ json: { approvalTtlHours: 12 }, allowed: [200] }],
  'POST /api/v1/closure': ({ name }) => [{ json: { name } }],
  'POST /api/v1/exports': () => [{ json: { passphrase: 'plover quartz lantern tundra' }, allowed: [202] }],
  'PUT /api/v1/scim': (other) => [{ json: { roles: { rules: [], fallback: [roleNameOf(other)] } } }],
  'POST /api/v1/scim/tokens': () => [{ json: { name: 'Mine' }, allowed: [201] }],
  'POST /api/v1/operator/registrations/{id}/approve': () => [{ json: {} }],
  'POST /api/v1/operator/registrations/{id}/reject': () => [{ json: {} }],
  'PUT /api/v1/operator/tenants/{id}/quotas': () => [{ json: { limits: { members: 1 } } }],
  'POST /api/v1/operator/backups': () => [{ json: {} }],
  'POST /api/v1/operator/backups/{id}/verification': () => [{ json: {} }],
  'POST /api/v1/operator/tenants': () => [{ json: { name: 'another' } }],
  'PUT /api/v1/operator/tenants/{id}': () => [{ json: {} }],
  'POST /api/v1/operator/tenants/{id}/suspend': ({ name }) => [{ json: { name, reason: 'x' } }],
  'POST /api/v1/operator/tenants/{id}/resume': ({ name }) => [{ json: { name, reason: 'x' } }],
  'POST /api/v1/operator/tenants/{id}/close': ({ name }) => [{ json: { name, reason: 'x' } }],
  'POST /api/v1/operator/tenants/{id}/erase': ({ name }) => [{ json: { name, reason: 'x' } }],
};
