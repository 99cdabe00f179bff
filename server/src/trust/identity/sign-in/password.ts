import { type Id, newId } from '#kernel';
import type { PeopleContext } from './context.ts';
import { hashPassword } from './password-hash.ts';
import { refuseWeakPassword } from './password-rules.ts';
import { findMemberships, findPerson, putPassword } from './person-store.ts';

type Context = Pick<PeopleContext, 'db' | 'clock'>;

/**
 * Gives a person a password, instead of an earlier one.
 *
 * @param known - what an attacker knows besides the person's name, address and tenants.
 * @throws FactotumError `auth.password_weak`, `server.busy`.
 */
export async function choosePassword(context: Context, userId: Id<'user'>, password: string, known: readonly string[] = []): Promise<void> {
  const person = await findPerson(context.db, userId);
  const tenants = await findMemberships(context.db, userId);
  refuseWeakPassword(password, [...known, person?.name ?? '', person?.email ?? '', ...tenants.map(({ name }) => name)]);
  await keepPassword(context, userId, password);
}

/** Hashes a password with today's parameters and keeps that. Whether it is a good one was asked before. */
export async function keepPassword({ db, clock }: Context, userId: Id<'user'>, password: string): Promise<void> {
  // An id without a prefix: nothing names these rows.
  const id = newId('request').slice(-24);
  await putPassword(db, { id, userId, hash: await hashPassword(password), now: clock.now() });
}
