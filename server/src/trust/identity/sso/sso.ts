import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { FactotumError, type Id } from '#kernel';
import type { Room } from '../member/rules.ts';
import { authDb } from '../store.ts';
import { ownAddresses } from './addresses.ts';
import { admit } from './admission.ts';
import { claimDomain, dropDomain, recheckDomains, systemTxtLookup, verifyDomain } from './domain.ts';
import { beginLogin, endLogin, keepPostedAnswer, loginCookieName, loginLifeMs, type Purpose, type Returned } from './login.ts';
import { oauth2Provider } from './oauth2.ts';
import { oidcProvider } from './oidc.ts';
import { createProviderNetwork } from './outbound.ts';
import {
  admitting,
  changeProvider,
  createProvider,
  noProvider,
  type OpenedProvider,
  openRow,
  readProvider,
  readProviders,
  readReferences,
  removeProvider,
  requireProvider,
} from './provider.ts';
import type { IdentityProvider } from './provider-port.ts';
import { makeTest, readTest, settleTest } from './provider-test.ts';
import { samlProvider, spMetadata } from './saml.ts';
import { domainOf, domainSchema } from './schema.ts';
import type { Outcome, SingleSignOn, SingleSignOnDeps, Start } from './single-sign-on.ts';
import {
  deleteIdentity,
  findAnyProvider,
  findIdentity,
  findProviderOfDomain,
  noteProof,
  noteSignIn,
  type ProviderRow,
  takeTest,
} from './store.ts';
import { hashOf } from './token.ts';

/** How long a discovery document and a key set are believed, in milliseconds. Keys that are new in between are fetched when they turn up. */
const portTtlMs = 10 * 60_000;
const recheckEveryMs = 3_600_000;

/** Single sign-on with the providers that tenants set up. */
export function createSingleSignOn(deps: SingleSignOnDeps): SingleSignOn {
  const { keyring, secrets, clock, log } = deps;
  const db = authDb(deps.auth);
  const network = createProviderNetwork(deps.allowHosts);
  const lookupTxt = deps.lookupTxt ?? systemTxtLookup;
  const origin = () => deps.publicOrigins()[0] ?? 'http://factotum.invalid';
  const context = { db, keyring, secrets, network, clock, origin, lookupTxt, log };
  const ports = new LRUCache<string, IdentityProvider>({ max: 1_000, ttl: portTtlMs, perf: { now: () => clock.monotonicMs() } });
  let forgotten = 0;
  let timer: NodeJS.Timeout | undefined;
  let recheck: Promise<void> = Promise.resolve();

  const open = async (row: ProviderRow): Promise<OpenedProvider> => ({ ...row, stored: openRow(await keyring.of(row.tenantId), row) });

  /** The provider's side of the conversation, kept for what it has found out. */
  const portOf = async (provider: OpenedProvider): Promise<IdentityProvider> => {
    const { tenantId, id, stored, updatedAt } = provider;
    const before = forgotten;
    const secret = await secretOf(provider);
    // A secret that is referred to changes without the provider: its hash, and never itself, is in the name.
    const key = `${tenantId}:${id}:${updatedAt.getTime()}:${origin()}:${secret === null ? '' : hash('sha256', secret)}`;
    const port = ports.get(key) ?? makePort(stored, id, secret);
    // Taken away while it was read: good for this once, which began before.
    if (forgotten === before) ports.set(key, port);
    return port;
  };
  /** The client secret, wherever it lies. Whoever signs in is told only that it is not to be had. */
  const secretOf = async ({ stored, tenantId }: OpenedProvider): Promise<string | null> => {
    if (stored.kind === 'saml' || stored.clientSecret === null) return null;
    try {
      return await secrets.valueOf(tenantId, stored.clientSecret);
    } catch (cause) {
      throw new FactotumError('sso.unavailable', 'The client secret of this identity provider is not to be had. Tell an administrator.', {
        cause,
      });
    }
  };
  const makePort = (stored: OpenedProvider['stored'], id: Id<'ssoProvider'>, secret: string | null): IdentityProvider => {
    switch (stored.kind) {
      case 'oidc':
        return oidcProvider(stored.oidc, secret, network);
      case 'oauth2':
        return oauth2Provider(stored.oauth2, secret, network);
      case 'saml':
        return samlProvider(stored.saml, { ...ownAddresses(origin(), id), key: stored.key }, clock);
    }
  };

  const requireUsable = async (id: string, isTest = false): Promise<OpenedProvider> => {
    const row = await findAnyProvider(db, id);
    if (row === undefined || !(row.enabled || isTest)) throw noProvider();
    return open(row);
  };

  async function chosen({ provider, email, test, stepUp }: Start): Promise<{ provider: OpenedProvider; purpose: Purpose }> {
    if (test !== undefined) {
      const row = await takeTest(db, hashOf(test), clock.now());
      if (row === undefined) throw new FactotumError('sso.expired', 'This test has begun already or is too old. Begin another.');
      return { provider: await requireUsable(row.providerId, true), purpose: { kind: 'test', testId: row.id } };
    }
    if (stepUp !== undefined)
      return {
        provider: await requireUsable(stepUp.method.slice('sso:'.length)),
        purpose: { kind: 'step-up', sessionId: stepUp.id, userId: stepUp.userId },
      };
    const domain = email === undefined ? null : domainOf(email);
    const row = domain === null ? undefined : await findProviderOfDomain(db, domain);
    return { provider: row === undefined ? await requireUsable(provider ?? '') : await open(row), purpose: { kind: 'sign-in' } };
  }

  /** Who somebody is here, or how a test or a confirmation went. */
  async function settle(
    { tenantId, providerId, purpose, to, claimed }: Returned,
    provider: OpenedProvider,
    roomIn: (tenantId: Id<'tenant'>) => Room,
  ): Promise<Outcome> {
    switch (purpose.kind) {
      case 'test':
        return {
          kind: 'tested',
          tenantId,
          testId: purpose.testId,
          ok: await settleTest(context, { testId: purpose.testId, provider, claimed }),
        };
      case 'step-up': {
        if (claimed instanceof FactotumError) throw claimed;
        const { sessionId, userId } = purpose;
        const known = await findIdentity(db, providerId, claimed.subject);
        if (known?.userId !== userId)
          throw new FactotumError('sso.failed', 'Somebody else signed in at your identity provider. Sign in there as yourself.');
        await noteSignIn(db, providerId, claimed.subject, clock.now());
        return { kind: 'stepped-up', tenantId, userId, sessionId, to };
      }
      case 'sign-in': {
        if (claimed instanceof FactotumError) throw claimed;
        const admission = await admit(db, {
          provider: admitting(provider),
          claimed,
          room: roomIn(tenantId),
          now: clock.now(),
        });
        // What the provider does not tell is no proof of presence: for what is dangerous the person proves it then.
        const provenAt = new Date(Math.min(claimed.authenticatedAt?.getTime() ?? 0, clock.now().getTime()));
        return { kind: 'signed-in', tenantId, method: `sso:${providerId}`, to, provenAt, ...admission };
      }
    }
  }

  const recheckNow = async () => {
    for (const { tenantId, providerId } of await recheckDomains(context)) await deps.onDomainLost({ tenantId, providerId });
  };

  return {
    start: () => {
      timer ??= setInterval(() => {
        recheck = recheckNow().catch((error: unknown) =>
          log.warn({ err: error }, 'sso: proven domains could not be looked up; trying again in an hour'),
        );
      }, recheckEveryMs).unref();
    },
    stop: async () => {
      clearInterval(timer);
      timer = undefined;
      await recheck;
      await network.close();
    },

    forget: (tenantId) => {
      forgotten += 1;
      for (const key of [...ports.keys()]) if (tenantId === undefined || key.startsWith(`${tenantId}:`)) ports.delete(key);
    },

    list: (tenantId) => readProviders(context, tenantId),
    references: (tenantId) => readReferences(context, tenantId),
    read: (tenantId, id) => readProvider(context, { tenantId, id }),
    create: (tenantId, input, by) => createProvider(context, { tenantId, input, by }),
    change: (tenantId, id, input, by) => changeProvider(context, { tenantId, id, input, by }),
    remove: (tenantId, id) => removeProvider(context, { tenantId, id }),
    addDomain: async (tenantId, id, domain) => {
      const { id: providerId } = await requireProvider(db, tenantId, id);
      await claimDomain(context, { tenantId, providerId, domain: checkedDomain(domain) });
      return readProvider(context, { tenantId, id });
    },
    removeDomain: async (tenantId, id, domain) => {
      const { id: providerId } = await requireProvider(db, tenantId, id);
      await dropDomain(context, { tenantId, providerId, domain: checkedDomain(domain) });
    },
    verifyDomain: async (tenantId, id, domain) => {
      const { id: providerId } = await requireProvider(db, tenantId, id);
      return verifyDomain(context, { tenantId, providerId, domain: checkedDomain(domain) });
    },
    disconnect: async (tenantId, id, userId) => {
      const { id: providerId } = await requireProvider(db, tenantId, id);
      if ((await deleteIdentity(db, tenantId, providerId, userId)) === undefined)
        throw new FactotumError('member.not_found', 'Nobody of that id is connected to this provider.');
    },
    createTest: (tenantId, id) => makeTest(context, { tenantId, id }),
    readTest: (tenantId, testId) => readTest(context, { tenantId, testId }),

    forEmail: async (email) => {
      const domain = domainOf(email);
      const row = domain === null ? undefined : await findProviderOfDomain(db, domain);
      return row === undefined ? null : { providerId: row.id, name: row.name };
    },
    canStepUp: async (method) => {
      const row = method.startsWith('sso:') ? await findAnyProvider(db, method.slice('sso:'.length)) : undefined;
      return row?.enabled === true && row.kind !== 'oauth2';
    },
    begin: async (start) => {
      const { provider, purpose } = await chosen(start);
      const { id, tenantId, stored } = provider;
      if (purpose.kind === 'step-up' && stored.kind === 'oauth2')
        throw new FactotumError('sso.failed', 'Your identity provider cannot confirm that it is you. Sign out and in again.');
      const own = ownAddresses(origin(), id);
      const returnUrl = stored.kind === 'saml' ? own.acsUrl : own.redirectUri;
      try {
        return { tenantId, ...(await beginLogin(context, { provider, port: await portOf(provider), returnUrl, purpose, to: start.to })) };
      } catch (error) {
        // A test tells of it where its other results are.
        if (purpose.kind === 'test' && error instanceof FactotumError)
          await settleTest(context, { testId: purpose.testId, provider, claimed: error });
        throw error;
      }
    },
    keepPosted: async (providerId, { state, response }) => {
      const row = await findAnyProvider(db, providerId);
      if (row?.kind !== 'saml') throw noProvider();
      const provider = await open(row);
      await keepPostedAnswer(context, { provider, port: await portOf(provider), state, response });
    },
    end: async ({ state, browser, redirect, roomIn }) => {
      let provider: OpenedProvider | undefined;
      const returned = await endLogin(
        context,
        { state, browser, providerId: redirect === null ? null : redirect.providerId },
        redirect === null
          ? null
          : async ({ providerId }, handshake) => {
              provider = await requireUsable(providerId, true);
              const { claim } = provider.stored.roles;
              return (await portOf(provider)).finish({ kind: 'redirect', url: redirect.url }, handshake, claim === null ? [] : [claim]);
            },
      );
      const { tenantId, providerId, purpose } = returned;
      try {
        // Switched off in the meantime: only a test goes on.
        provider = await requireUsable(providerId, purpose.kind === 'test');
        return await settle(returned, provider, roomIn);
      } catch (error) {
        if (!(error instanceof FactotumError)) throw error;
        return { kind: 'refused', tenantId, providerId, error };
      }
    },
    noteProof: (sessionId, at) => noteProof(db, sessionId, at),
    cookieName: loginCookieName,
    metadata: async (providerId) => {
      const row = await findAnyProvider(db, providerId);
      const provider = row && (await open(row));
      if (provider?.stored.kind !== 'saml') throw noProvider();
      return spMetadata({ ...ownAddresses(origin(), provider.id), key: provider.stored.key });
    },
  };
}

/** How long the cookie of a round lives, in seconds. */
export const loginCookieSeconds = loginLifeMs / 1_000;

/** @throws FactotumError `request.invalid` */
function checkedDomain(domain: string): string {
  const parsed = domainSchema.safeParse(domain);
  if (!parsed.success) throw new FactotumError('request.invalid', 'Give a domain like example.com.');
  return parsed.data;
}
