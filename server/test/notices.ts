import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { createNetwork } from '#flow/connection';
import { createNotices, type Rules } from '#flow/notice';
import { type Clock, FactotumError, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import type { Letter } from '#kernel/mail';
import { recordAudit } from '#trust/audit';
import { pushKeySeal } from '../src/keys.ts';
import { type Line, testHttp } from './http.ts';
import { cookiesOf, testOrigin } from './identity.ts';
import { eventually } from './platform.ts';
import { openPush, testBrowser, testPushService } from './push.ts';

const playbook = `---
title: Ask
when: { source: test, kind: ask }
steps:
  - { id: keep, tool: vault.write, args: { path: "Kept/\${event.subject}.md", content: $event.text } }
---
`;
/** Stands in what is asked, and must stand in nothing that is told without leave. */
export const secretWord = 'Persimmon';

/** A server whose people are told things, a push service that they are told by, and places: tenants whose owner is asked. */
export async function noticePlatform() {
  const service = await testPushService();
  const { platform, send, ask: askAs, buildCustomer } = await testHttp();
  const { database, keyring, sequencer } = platform;
  await platform.startWorker();
  const network = createNetwork([service.host]);

  let places = 0;

  /** A tenant whose owner is asked things, and the parts that tell its people. Time passes only as the test says. */
  async function place() {
    places += 1;
    const customer = await buildCustomer();
    const { tenantId } = customer;
    const cookie = await customer.signIn();
    const keys = await keyring.of(tenantId);
    const run = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
    const ask = <T>(line: Line, json?: unknown, as = cookie) => askAs<T>(line, { cookie: as, ...(json === undefined ? {} : { json }) });
    const { user } = await ask<{ user: { id: string } }>('GET /api/v1/account');
    await send('PUT /api/v1/vault/notes/Playbooks%2FAsk.md', { cookie, body: playbook, headers: { 'content-type': 'text/markdown' } });
    let aheadMs = 0;
    const clock: Clock = { now: () => new Date(Date.now() + aheadMs), monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const letters: Letter[] = [];
    /** The mail server, as the test has it. */
    const mailServer = { isAway: false };
    /** One process's part; what it would hear of by itself it is told. */
    const build = (through: Pick<typeof network, 'fetch'> = network) => {
      const notices = createNotices({
        ...{
          database,
          keysOf: keyring.of,
          pushKeySeal: pushKeySeal(platform.installation),
          network: through,
          sequencer,
          clock,
          log: platform.log,
        },
        postman: {
          isConfigured: true,
          async send(letter) {
            if (mailServer.isAway) throw new FactotumError('mail.unavailable', 'The mail server did not take the mail. Try again later.');
            letters.push(letter);
          },
        },
        listTenants: async () => [{ id: tenantId }],
        origin: () => 'https://factotum.example',
        mailFrom: undefined,
      });
      const keeper = notices.createKeeper();
      return { ...keeper, collect: notices.collect, faults: notices.faults, look: () => notices.collect(tenantId).then(keeper.look) };
    };
    const keeper = build();
    const { rules } = await ask<{ rules: Rules }>('GET /api/v1/me/notice-rules');
    const loud: Rules = { ...rules, quiet: { ...rules.quiet, on: false } };
    const subscribe = async (name: string, as = cookie) => {
      const browser = testBrowser();
      const path = `/${places}/${name}`;
      const made = await ask<{ id: string }>(
        'POST /api/v1/me/push-subscriptions',
        { endpoint: service.origin + path, keys: browser.keys, name },
        as,
      );
      const got = () =>
        service.got
          .filter((one) => one.path === path)
          .map(({ headers, body, isGenuine }) => {
            assert.ok(isGenuine);
            return { headers, text: openPush(browser, body).toString() };
          });
      return { ...made, path, browser, got };
    };
    return {
      ...{ tenantId, cookie, keys, run, ask, clock, letters, mailServer, build, keeper, loud, subscribe, userId: user.id },
      save: (next: Rules, as = cookie) => ask('PUT /api/v1/me/notice-rules', next, as),
      pass: (ms: number) => {
        aheadMs += ms;
      },
      /** Somebody else with that role, signed in. @param alias - what makes them another than those who have it already */
      async join(role: string, alias = role) {
        const { url } = await ask<{ url: string }>('POST /api/v1/invitations', {
          email: `${alias}@${customer.name}.example`,
          roles: [role],
        });
        const json = { token: url.split('#token=')[1], name: 'Nora' };
        const as = cookiesOf(await send('POST /api/v1/invitation/accept', { json, headers: { origin: testOrigin } }));
        return { as, userId: (await ask<{ user: { id: string } }>('GET /api/v1/account', undefined, as)).user.id };
      },
      /** Something that waits for a person. */
      async wait() {
        const waiting = () =>
          run((tx) =>
            tx
              .selectFrom(
                sql<{ id: string; payloadHash: string }>`(select approval_id as id, payload_hash from app.approval
            where tenant_id = ${tenantId} and state = 'waiting')`.as('waiting'),
              )
              .selectAll()
              .execute(),
          );
        const before = await waiting();
        await ask('POST /api/v1/events', {
          source: 'test',
          kind: 'ask',
          externalId: `${Math.random()}`,
          payload: { subject: secretWord, text: 'x' },
        });
        const approval = await eventually(async () => (await waiting()).find(({ id }) => before.every((other) => other.id !== id)));
        await sequencer.drained();
        return approval;
      },
      async decide({ id, payloadHash }: { id: string; payloadHash: string }) {
        await ask(`POST /api/v1/approvals/${id}/decision`, { decision: 'reject', payloadHash, comment: 'no' });
        await sequencer.drained();
      },
      /** As if somebody had done it. */
      async happen(kind: 'quota.alert' | 'member.removed', objectId: string, actor: string) {
        await run((tx) => recordAudit(tx, tenantId, [{ kind, actor, at: new Date(), objectId, detail: { percent: 80 } }]));
        await sequencer.drained();
      },
    };
  }

  return { service, platform, send, network, place };
}
