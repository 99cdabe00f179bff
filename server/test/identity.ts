import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createLogger, type Id, newId, systemClock } from '#kernel';
import { type Caller, createIdentity, type Identity, type RequestHead } from '#trust/identity';
import { type TestDatabase, testDatabase } from './database.ts';

/** The address that the tests' browser uses. */
export const testOrigin = 'http://127.0.0.1:4310';

export interface TestIdentity extends TestDatabase {
  readonly identity: Identity;
  readonly folder: string;
  /** Another process's identity on the same database and the same secret. Stop it. */
  another(clock?: Clock): Promise<Identity>;
  /** A tenant with its owner, under a name of its own. */
  buildTenant(): Promise<{ tenantId: Id<'tenant'>; userId: Id<'user'>; name: string; email: string }>;
  /** Signs the tenant's owner in and returns the headers of a browser with that session. */
  signIn(tenantId: Id<'tenant'>): Promise<Headers>;
}

/** An identity service on a database of its own. Close it at the end. */
export async function testIdentity(clock: Clock = systemClock): Promise<TestIdentity> {
  const { close, ...database } = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'factotum-identity-'));
  const build = (its: Clock) =>
    createIdentity({
      auth: database.database.auth,
      publicOrigins: () => [testOrigin, testOrigin.replace('127.0.0.1', 'localhost')],
      secretFile: join(folder, 'keys', 'session.secret'),
      clock: its,
      log: createLogger({ level: 'silent' }),
    });
  const identity = await build(clock);
  return {
    ...database,
    identity,
    folder,
    another: (its = clock) => build(its),
    buildTenant: async () => {
      const tenantId = newId('tenant');
      const name = `Tenant ${randomBytes(6).toString('hex')}`;
      const email = `${tenantId}@example.com`;
      const userId = await identity.createTenantOwner({ tenantId, tenantName: name, email, name: 'Olivia Owner' });
      return { tenantId, userId, name, email };
    },
    signIn: async (tenantId) => {
      const token = await identity.createSignInLink(tenantId);
      const { response } = await exchangeLink(identity, token);
      return browser(cookiesOf(response)).headers;
    },
    close: async () => {
      await identity.stop();
      await close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Signs in with a link, or throws why that was refused. */
export async function exchangeLink(identity: Identity, token: string, request: RequestHead = browser(), caller: Caller = someAddress()) {
  const outcome = await identity.signIn.byLink(token, request, caller);
  if (outcome.kind === 'refused') throw outcome.error;
  if (outcome.kind !== 'signed_in') throw new Error('a second factor is asked for');
  return outcome.begun;
}

/** What a browser on our own page sends with a POST. */
export const browser = (cookie?: string) => ({
  method: 'POST',
  headers: new Headers({ origin: testOrigin, 'sec-fetch-site': 'same-origin', ...(cookie === undefined ? {} : { cookie }) }),
});

/** The cookies that an answer sets, as the browser sends them back. */
export const cookiesOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');

/** The real time, moved ahead as a test wants. */
export interface MovedClock extends Clock {
  aheadMs: number;
  /** Lets no time pass while this is done: for what would be another case a second later. */
  standing<R>(work: () => Promise<R>): Promise<R>;
}

export function movedClock(): MovedClock {
  let stoppedAt: { readonly now: number; readonly monotonicMs: number } | undefined;
  const clock: MovedClock = {
    aheadMs: 0,
    now: () => new Date((stoppedAt?.now ?? Date.now()) + clock.aheadMs),
    monotonicMs: () => (stoppedAt?.monotonicMs ?? performance.now()) + clock.aheadMs,
    async standing(work) {
      stoppedAt = { now: Date.now(), monotonicMs: performance.now() };
      try {
        return await work();
      } finally {
        stoppedAt = undefined;
      }
    },
  };
  return clock;
}

/** For a process in which nothing that it remembers gets old: what it forgets it was told to forget. */
export const unageing = (clock: Clock): Clock => ({ now: () => clock.now(), monotonicMs: () => 1 });

/** A caller whom no limit has seen yet. */
export const someAddress = () => ({ address: `10.${randomBytes(3).join('.')}` });
