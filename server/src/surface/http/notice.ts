import { z } from 'zod';
import {
  countUnreadNotices,
  defaultRules,
  findSubscription,
  kindsFor,
  listNotices,
  listSubscriptions,
  markSeen,
  type Notice,
  noticeKinds,
  readRules,
  rulesSchema,
  type Subscription,
  saveRules,
  subscribe,
  subscriptionInputSchema,
  unsubscribe,
} from '#flow/notice';
import { FactotumError } from '#kernel';
import { jsonBody } from './body.ts';
import { pageOf, pageQuery } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import type { Call, Routes } from './route.ts';
import { named, time } from './schema.ts';

const tag = 'notices';
const browsers = '/api/v1/me/push-subscriptions';
const browserParams = z.object({ id: z.string() });

const noticeSchema = named(
  z.object({
    id: z.string(),
    kind: z.enum(noticeKinds),
    at: time,
    seenAt: time.nullable(),
    isOpen: z.boolean().meta({ description: 'Whether it still needs somebody' }),
    title: z.string().nullable().meta({ description: 'Null where what it was about is there no more' }),
    risk: z.string().nullable(),
    level: z.number().nullable().meta({ description: 'How full a quota is, in percent' }),
    url: z.string().nullable().meta({ description: 'Its page in the dashboard' }),
  }),
  { id: 'Notice', description: 'Something that somebody is told of, as it stands now.' },
);

const browserSchema = named(
  z.object({
    id: z.string(),
    name: z.string(),
    createdAt: time,
    sentAt: time.nullable(),
    isThis: z.boolean().meta({ description: 'Whether it is the one of this session' }),
  }),
  { id: 'PushSubscription', description: 'A browser that is told.' },
);

named(rulesSchema, { id: 'NoticeRules', description: 'What a person is told of, where and when.' });

const rulesAnswer = z.object({
  rules: rulesSchema,
  /** What holds for who has said nothing. */
  usual: rulesSchema,
  kinds: z.array(z.enum(noticeKinds)).meta({ description: 'What this person can be told of now' }),
  canMail: z.boolean(),
});

/** What people are told, and where: each for themselves. */
export function addNoticeRoutes(routes: Routes, { notices }: Pick<HttpDeps, 'notices'>): void {
  const kindsOf = ({ principal }: Call) => kindsFor(principal.permissions);

  routes.add(
    'signed-in',
    {
      method: 'get',
      path: '/api/v1/me/notices',
      summary: 'What one is told of, newest first, and how much of it one has not seen',
      tag,
      query: z.object({
        limit: pageQuery.limit,
        before: z.string().max(40).optional().meta({ description: 'Those after this one in the list: the `next` of the page before.' }),
      }),
      answers: {
        200: z.object({
          items: z.array(noticeSchema),
          next: z.string().nullable(),
          unread: z.number().meta({ description: 'What one has not seen and still needs somebody; 100 for more' }),
        }),
      },
      errors: ['auth.forbidden'],
    },
    async (call) => {
      const owner = ownerOf(call);
      const { keys, tenantId, now } = call;
      const { limit, before = null } = call.query;
      await notices.collect(tenantId);
      const kinds = kindsOf(call);
      const found = await call.inSnapshot(async (tx) => ({
        rows: await listNotices(tx, keys, { ...owner, kinds, now }, { before, limit: limit + 1, locale: call.language }),
        unread: await countUnreadNotices(tx, { ...owner, kinds, now }),
      }));
      const { items, nextCursor } = pageOf(found.rows, limit, { present, cursorOf: ({ id }) => id });
      return { status: 200, body: { items, next: nextCursor, unread: found.unread } };
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'post',
      path: '/api/v1/me/notices/seen',
      summary: 'Note what one has seen: some, or all up to one',
      tag,
      body: jsonBody(
        z.union([z.strictObject({ ids: z.array(z.string().max(40)).min(1).max(200) }), z.strictObject({ until: z.string().max(40) })]),
        { bytesMax: 16_384 },
      ),
      answers: { 204: null },
      errors: ['auth.forbidden'],
    },
    async (call) => {
      const owner = ownerOf(call);
      const { body, now } = call;
      const ids = 'ids' in body ? body.ids : null;
      const until = 'until' in body ? body.until : null;
      await call.inTenant((tx) => markSeen(tx, owner, { ids, until, at: now }));
      return { status: 204 };
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'get',
      path: '/api/v1/me/notice-rules',
      summary: 'What one wants to be told of, where and when',
      tag,
      answers: { 200: rulesAnswer },
      errors: ['auth.forbidden'],
    },
    async (call) => {
      const owner = ownerOf(call);
      const rules = await call.inTenant((tx) => readRules(tx, call.keys, owner));
      return { status: 200, body: { rules, usual: defaultRules, kinds: kindsOf(call), canMail: notices.canMail } };
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'put',
      path: '/api/v1/me/notice-rules',
      summary: 'Say what one wants to be told of. What waits to be sent follows',
      tag,
      body: jsonBody(rulesSchema, { bytesMax: 8_192 }),
      answers: { 204: null },
      errors: ['auth.forbidden'],
    },
    async (call) => {
      const owner = ownerOf(call);
      await call.inTenant((tx) => saveRules(tx, call.keys, owner, { rules: call.body, now: call.now }));
      return { status: 204 };
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'get',
      path: browsers,
      summary: 'The browsers in which one is told, and the key that a browser subscribes with',
      tag,
      answers: { 200: z.object({ publicKey: z.string(), items: z.array(browserSchema) }) },
      errors: ['auth.forbidden'],
    },
    async (call) => {
      const { sessionId, ...owner } = ownerOf(call);
      const publicKey = await notices.publicKey();
      const found = await call.inTenant((tx) => listSubscriptions(tx, call.keys, owner, sessionId));
      return { status: 200, body: { publicKey, items: found.map(presentBrowser) } };
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'post',
      path: browsers,
      summary: 'Be told in this browser, as long as this session lasts. Sent again, it stays one',
      tag,
      body: jsonBody(subscriptionInputSchema, { bytesMax: 8_192 }),
      answers: { 201: browserSchema },
      errors: ['auth.forbidden', 'push.invalid'],
    },
    async (call) => {
      const { sessionId, ...owner } = ownerOf(call);
      const made = await call.inTenant((tx) => subscribe(tx, call.keys, owner, { ...call.body, sessionId, now: call.now }));
      return { status: 201, body: presentBrowser(made) };
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'delete',
      path: `${browsers}/{id}`,
      summary: 'Be told in a browser no more',
      tag,
      params: browserParams,
      answers: { 204: null },
      errors: ['push.not_found'],
    },
    async (call) => {
      const owner = browserOwnerOf(call);
      await call.inTenant((tx) => unsubscribe(tx, owner, call.params.id, call.now));
      return { status: 204 };
    },
  );

  routes.add(
    'signed-in',
    {
      method: 'post',
      path: `${browsers}/{id}/test`,
      summary: 'Send a browser a message that means nothing, and say what came of it',
      tag,
      params: browserParams,
      answers: { 200: z.object({ taken: z.boolean(), message: z.string().nullable() }) },
      errors: ['push.not_found'],
    },
    async (call) => {
      const owner = browserOwnerOf(call);
      const row = await call.inTenant((tx) => findSubscription(tx, owner, call.params.id));
      const outcome = await notices.tryOut(call.keys, row, call.language);
      const message =
        outcome.kind === 'failed' ? outcome.message : outcome.kind === 'gone' ? 'This browser does not listen any more.' : null;
      return { status: 200, body: { taken: outcome.kind === 'taken', message } };
    },
  );
}

/** The person who asks. @throws FactotumError `auth.forbidden` for whoever is none. */
function ownerOf({ principal: { session, tenantId } }: Call) {
  if (session === undefined) throw new FactotumError('auth.forbidden', 'This is about a person, and needs their session.');
  return { tenantId, userId: session.userId, sessionId: session.id };
}

/** The same where something of theirs is named: a machine has no browser, so there is none of that id. */
function browserOwnerOf(call: Call) {
  if (call.principal.session === undefined) throw new FactotumError('push.not_found', 'There is no such browser.');
  return ownerOf(call);
}

const present = ({ at, seenAt, ...notice }: Notice) => ({ ...notice, at: at.toISOString(), seenAt: seenAt?.toISOString() ?? null });
const presentBrowser = ({ createdAt, sentAt, ...browser }: Subscription) => ({
  ...browser,
  createdAt: createdAt.toISOString(),
  sentAt: sentAt?.toISOString() ?? null,
});
