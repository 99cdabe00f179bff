import { z } from 'zod';
import { type Clock, FactotumError, type Id, newId } from '#kernel';
import type { Keyring } from '#trust/key';
import type { AuthDb } from '../store.ts';
import { preview } from './admission.ts';
import { providerFailure } from './failure.ts';
import { reasonOf } from './login.ts';
import { admitting, type OpenedProvider, requireProvider } from './provider.ts';
import type { Claimed } from './provider-port.ts';
import { endTest, findTest, insertTest, noteTest } from './store.ts';
import { hashOf, randomToken } from './token.ts';

/** What a test has found. */
export interface TestResult {
  readonly state: 'waiting' | 'ok' | 'failed';
  /** What the provider said. */
  readonly claims: Readonly<Record<string, unknown>> | null;
  /** The roles that the rules would give. */
  readonly roles: readonly string[] | null;
  readonly error: { readonly code: string; readonly message: string; readonly reason: string | null } | null;
}

/** How long a test may take and its result is kept, in milliseconds. */
const testLifeMs = 15 * 60_000;

interface Context {
  readonly db: AuthDb;
  readonly keyring: Pick<Keyring, 'of'>;
  readonly clock: Clock;
}

/** @throws FactotumError `sso.not_found` */
export async function makeTest({ db, clock }: Context, { tenantId, id }: { tenantId: Id<'tenant'>; id: string }) {
  const { id: providerId } = await requireProvider(db, tenantId, id);
  const now = clock.now();
  const [testId, token] = [newId('ssoTest', now.getTime()), randomToken()];
  const expiresAt = new Date(now.getTime() + testLifeMs);
  await insertTest(db, { id: testId, tenantId, providerId, token: hashOf(token), state: 'waiting', expiresAt }, now);
  return { testId, token };
}

/** Keeps what came of a test. @returns whether somebody could have signed in. */
export async function settleTest(
  { db, keyring, clock }: Context,
  { testId, provider, claimed }: { testId: Id<'ssoTest'>; provider: OpenedProvider; claimed: Claimed | FactotumError },
): Promise<boolean> {
  const { id, tenantId } = provider;
  const { roles, error } = await (claimed instanceof FactotumError ? Promise.reject(claimed) : preview(db, admitting(provider), claimed))
    .then((given) => ({ roles: given, error: null }))
    .catch((failure: unknown) => ({ roles: null, error: providerFailure(failure) }));
  const kept = {
    claims: claimed instanceof FactotumError ? null : claimed.claims,
    roles,
    error: error && { code: error.code, message: error.message, reason: reasonOf(error) === error.code ? null : reasonOf(error) },
  };
  const sealed = (await keyring.of(tenantId)).seal('credential', testRef(testId), Buffer.from(JSON.stringify(kept)));
  await endTest(db, testId, error === null ? 'ok' : 'failed', sealed);
  await noteTest(db, id, clock.now(), error?.code ?? null);
  return error === null;
}

/** @throws FactotumError `sso.not_found` */
export async function readTest(
  { db, keyring, clock }: Context,
  { tenantId, testId }: { tenantId: Id<'tenant'>; testId: string },
): Promise<TestResult> {
  const row = await findTest(db, tenantId, testId, clock.now());
  if (row === undefined) throw new FactotumError('sso.not_found', 'There is no such test, or it is older than a quarter of an hour.');
  if (row.sealed === null) return { state: row.state, claims: null, roles: null, error: null };
  const plain = (await keyring.of(tenantId)).open('credential', testRef(row.id), row.sealed);
  return { state: row.state, ...testSchema.parse(JSON.parse(plain.toString('utf8'))) };
}

const testSchema = z.object({
  claims: z.record(z.string(), z.unknown()).nullable(),
  roles: z.array(z.string()).nullable(),
  error: z.object({ code: z.string(), message: z.string(), reason: z.string().nullable() }).nullable(),
});

const testRef = (id: string) => ({ kind: 'sso-test', id });
