import { z } from 'zod';
import { FactotumError, type Id, isId, newId } from '#kernel';
import type { PeopleContext } from '../sign-in/context.ts';
import { keepLink } from '../sign-in/mail-link.ts';
import type { AuthDb } from '../store.ts';

/** Somebody who runs the installation, in the browser. */
export interface Operator {
  readonly id: Id<'user'>;
  readonly name: string;
  readonly email: string;
  readonly createdAt: Date;
}

const newOperatorSchema = z.object({ email: z.email().max(254).toLowerCase(), name: z.string().trim().min(1).max(100) });

/** The accounts of those who run the installation. They are made at the machine alone. */
export type Operators = ReturnType<typeof createOperators>;

export function createOperators(context: PeopleContext) {
  const { db, clock } = context;
  return {
    /**
     * Makes somebody an operator, who may be a member of tenants as well. May be repeated: then it is a new link.
     *
     * @returns the token of a link that signs them in, once, within 15 minutes.
     * @throws FactotumError `request.invalid`.
     */
    create: async (given: { email: string; name: string }): Promise<{ id: Id<'user'>; token: string }> => {
      const parsed = newOperatorSchema.safeParse(given);
      if (!parsed.success) throw new FactotumError('request.invalid', `That is no operator: ${z.prettifyError(parsed.error)}`);
      const id = await insertOperator(db, { ...parsed.data, now: clock.now() });
      return { id, token: await keepLink(context, { userId: id, tenantId: null, mailed: false }) };
    },
    /** By name. */
    list: (): Promise<Operator[]> =>
      db
        .selectFrom('operator')
        .innerJoin('user', 'user.id', 'operator.userId')
        .select(['user.id', 'user.name', 'user.email', 'operator.createdAt'])
        .orderBy('user.name')
        .execute(),
    /** Ends what makes somebody an operator, at once. Their account and memberships stay. @returns null when there is no such operator. */
    remove: async (emailOrId: string): Promise<Id<'user'> | null> => {
      const gone = await db
        .deleteFrom('operator')
        .using('user')
        .whereRef('user.id', '=', 'operator.userId')
        .where((is) => (isId('user', emailOrId) ? is('user.id', '=', emailOrId) : is('user.email', '=', emailOrId.toLowerCase())))
        .returning('operator.userId')
        .executeTakeFirst();
      if (gone === undefined) return null;
      await db.deleteFrom('session').where('userId', '=', gone.userId).where('activeOrganizationId', 'is', null).execute();
      return gone.userId;
    },
  };
}

/** The person who has that address, who keeps their name, or a new one; as an operator. */
const insertOperator = (db: AuthDb, { email, name, now }: { email: string; name: string; now: Date }): Promise<Id<'user'>> =>
  db.transaction().execute(async (tx) => {
    await tx
      .insertInto('user')
      .values({ id: newId('user', now.getTime()), email, name, emailVerified: false, lastTenantId: null, updatedAt: now })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .execute();
    const { id } = await tx.selectFrom('user').select('id').where('email', '=', email).executeTakeFirstOrThrow();
    await tx
      .insertInto('operator')
      .values({ userId: id, createdAt: now })
      .onConflict((conflict) => conflict.column('userId').doNothing())
      .execute();
    return id;
  });
