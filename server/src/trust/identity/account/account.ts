import { FactotumError, type Id } from '#kernel';
import type { Language } from '#kernel/words';
import type { RequestHead } from '../origin.ts';
import type { OperatorPerson, PersonSession, Principal } from '../principal.ts';
import type { SessionChange } from '../sign-in/begin.ts';
import type { PeopleContext } from '../sign-in/context.ts';
import { attempt, sessionLimits } from '../sign-in/limits.ts';
import { type Attestation, addPasskey, passkeyCreation } from '../sign-in/passkey.ts';
import { deletePasskey, listPasskeys } from '../sign-in/passkey-store.ts';
import { choosePassword } from '../sign-in/password.ts';
import { deletePassword, findMemberships, findPerson } from '../sign-in/person-store.ts';
import { newRecoveryCodes } from '../sign-in/recovery-code.ts';
import { recoveryHash, takeTotp } from '../sign-in/second-factor.ts';
import { isPassword, renew } from '../sign-in/step-up.ts';
import { base32, newTotpSecret, totpUri } from '../sign-in/totp.ts';
import {
  type Appearance,
  beginTotp,
  countRecoveryCodes,
  deleteTotp,
  endSessions,
  findAppearance,
  findLanguage,
  listSessions,
  replaceRecoveryCodes,
  setAppearance,
  setLanguage,
  setName,
} from './account-store.ts';

/** Somebody in their session, whatever they do there. */
export interface Self {
  readonly principal: Principal | OperatorPerson;
  readonly session: PersonSession;
}

/** A session that was ended, and where it was; null for an operator's. */
export interface EndedSession {
  readonly id: Id<'session'>;
  readonly tenantId: Id<'tenant'> | null;
}

/** What people see and change about how they sign in. */
export type Account = ReturnType<typeof createAccount>;

export function createAccount(context: PeopleContext) {
  const { db, clock, secrets } = context;

  async function person({ session }: Self) {
    const found = await findPerson(db, session.userId);
    if (found === undefined) throw new FactotumError('auth.required', 'This account is gone.');
    return found;
  }

  /**
   * Who changes what opens the account must have come in by what belongs to the account. Not by an identity provider: its tenant would
   * gain what opens the person's other tenants. And not by half of what is asked for: whoever has only the password would replace the rest.
   */
  async function mayChange(self: Self) {
    const found = await person(self);
    if (self.session.method.startsWith('sso:'))
      throw new FactotumError(
        'auth.forbidden',
        'You came through an identity provider, which keeps how you sign in. Sign in with a mailed link to change it here.',
      );
    if ('pending' in self.principal && self.principal.pending === 'second_factor' && found.hasSecondFactor)
      throw new FactotumError('auth.second_factor_required', 'Confirm with the second factor that you have, before you change anything.');
    return found;
  }

  /** Of what a person has in several tenants, a session that the provider of one began shows and ends what is of that one. */
  const horizonOf = ({ principal, session }: Self): Id<'tenant'> | null =>
    session.method.startsWith('sso:') && 'tenantId' in principal ? principal.tenantId : null;

  async function placesOf(self: Self) {
    const horizon = horizonOf(self);
    const memberships = await findMemberships(db, self.session.userId);
    return memberships.filter(({ tenantId }) => horizon === null || tenantId === horizon);
  }

  async function endOthers(self: Self): Promise<EndedSession[]> {
    // The column is what the session was made for: an id of a tenant, or nothing.
    return (await endSessions(db, self.session.userId, { allBut: self.session.id }, horizonOf(self))) as EndedSession[];
  }

  async function renewRecoveryCodes(userId: Id<'user'>): Promise<string[]> {
    const codes = newRecoveryCodes();
    await replaceRecoveryCodes(
      db,
      userId,
      codes.map((code) => recoveryHash(context, userId, code)),
    );
    return codes;
  }

  return {
    read: async (self: Self) => {
      const { id, name, email, emailVerified, password, hasTotp, isOperator } = await person(self);
      const [passkeys, memberships, recoveryCodesLeft] = await Promise.all([
        listPasskeys(db, id),
        placesOf(self),
        countRecoveryCodes(db, id),
      ]);
      const here = 'tenantId' in self.principal ? self.principal.tenantId : null;
      return {
        user: { id, name, email, emailVerified },
        password: password !== null,
        totp: hasTotp,
        recoveryCodesLeft,
        passkeys,
        tenants: memberships.map((tenant) => ({
          id: tenant.tenantId,
          name: tenant.name,
          roles: tenant.role.split(','),
          current: tenant.tenantId === here,
        })),
        operator: isOperator && horizonOf(self) === null,
      };
    },

    /** How the person likes to see things; null for somebody who has chosen nothing. */
    appearance: ({ session }: Self): Promise<Appearance | null> => findAppearance(db, session.userId),
    setAppearance: ({ session }: Self, appearance: Appearance): Promise<void> => setAppearance(db, session.userId, appearance),

    /** What the person reads; null for somebody who has not said so. */
    language: ({ session }: Self): Promise<Language | null> => findLanguage(db, session.userId),
    setLanguage: ({ session }: Self, language: Language): Promise<void> => setLanguage(db, session.userId, language),

    /** @throws FactotumError `auth.forbidden` in a session that a tenant's provider began, of somebody whom other tenants know as well. */
    rename: async (self: Self, name: string): Promise<void> => {
      const { userId } = self.session;
      if (horizonOf(self) !== null && (await findMemberships(db, userId)).length > 1)
        throw new FactotumError('auth.forbidden', 'Other tenants show your name as well. Sign in with a mailed link to change it.');
      await setName(db, userId, name, clock.now());
    },

    /**
     * Sets or changes the password, and ends every other session.
     *
     * @param current - checked when it is given. Whoever gives none has proved within the last minutes that it is them.
     * @throws FactotumError `auth.password_weak`, `auth.failed` (not the current one), `auth.forbidden`, `auth.second_factor_required`.
     */
    setPassword: async (self: Self, { password, current }: { password: string; current?: string | undefined }): Promise<EndedSession[]> => {
      const { id } = await mayChange(self);
      if (current !== undefined) {
        const isRight = await attempt(context, sessionLimits(context, self.session.id), () => isPassword(context, id, current));
        if (isRight === null) throw new FactotumError('auth.failed', 'This is not your current password.');
      }
      await choosePassword(context, id, password);
      return endOthers(self);
    },
    /** False when there was none. */
    removePassword: async (self: Self): Promise<boolean> => (await deletePassword(db, (await mayChange(self)).id)) !== undefined,

    /** Begins to set an authenticator app up; a code of it completes that. @throws FactotumError `request.invalid` when there is one. */
    beginTotp: async (self: Self): Promise<{ uri: string; secret: string }> => {
      const { id, email } = await mayChange(self);
      const secret = newTotpSecret();
      const sealed = secrets.seal(secret.toString('base64url'), id);
      if ((await beginTotp(db, { userId: id, secret: sealed, now: clock.now() })) === undefined)
        throw new FactotumError('request.invalid', 'You have an authenticator app. Remove it before you set another one up.');
      return { uri: totpUri(secret, email), secret: base32(secret) };
    },
    /** @returns recovery codes, this once. The session counts as proved twice from here on. @throws FactotumError `auth.code_invalid`, `auth.throttled`. */
    confirmTotp: async (self: Self, code: string): Promise<SessionChange & { recoveryCodes: string[] }> => {
      const { id } = await mayChange(self);
      const isRight = await attempt(context, sessionLimits(context, self.session.id), async () =>
        (await takeTotp(context, id, code, { verified: false })) ? true : null,
      );
      if (isRight === null) throw new FactotumError('auth.code_invalid', 'This code does not fit. Is the clock of your phone right?');
      const recoveryCodes = await renewRecoveryCodes(id);
      return { ...(await renew(context, self.session.id, { secondFactor: 'totp' })), recoveryCodes };
    },
    /** Takes the app and the recovery codes away. False when there was none. */
    removeTotp: async (self: Self): Promise<boolean> => deleteTotp(db, (await mayChange(self)).id),
    /** New recovery codes, which end the earlier ones. @throws FactotumError `request.invalid` without an app. */
    renewRecoveryCodes: async (self: Self): Promise<string[]> => {
      const { id, hasTotp } = await mayChange(self);
      if (!hasTotp) throw new FactotumError('request.invalid', 'Recovery codes stand in for an authenticator app. Set one up first.');
      return renewRecoveryCodes(id);
    },

    passkeyOptions: async (self: Self, request: RequestHead) => passkeyCreation(context, request, await mayChange(self)),
    /** @throws FactotumError `auth.failed` when the browser's answer does not fit. */
    addPasskey: async (
      self: Self,
      given: { name: string; response: Attestation },
      request: RequestHead,
    ): Promise<SessionChange & { passkeyId: Id<'passkey'> }> => {
      const { id: userId } = await mayChange(self);
      const passkeyId = await addPasskey(context, request, { userId, ...given });
      return { ...(await renew(context, self.session.id, { secondFactor: 'passkey' })), passkeyId };
    },
    /** @throws FactotumError `passkey.not_found`. */
    removePasskey: async (self: Self, id: string): Promise<void> => {
      if (!(await deletePasskey(db, (await mayChange(self)).id, id)))
        throw new FactotumError('passkey.not_found', 'You have no such passkey.');
    },

    sessions: async (self: Self) =>
      (await listSessions(db, self.session.userId, clock.now(), horizonOf(self))).map(({ ipAddress, updatedAt, userAgent, ...its }) => ({
        ...its,
        current: its.id === self.session.id,
        address: ipAddress || null,
        userAgent: userAgent || null,
        lastSeenAt: updatedAt,
      })),
    /** @throws FactotumError `session.not_found`. */
    endSession: async (self: Self, id: string): Promise<EndedSession> => {
      // As above.
      const [ended] = (await endSessions(db, self.session.userId, { id }, horizonOf(self))) as EndedSession[];
      if (ended === undefined) throw new FactotumError('session.not_found', 'You have no such session.');
      return ended;
    },
    endOtherSessions: endOthers,
    /** Where a person can be, by name; and whether also outside all tenants. */
    places: async (self: Self) => {
      const [found, memberships] = await Promise.all([findPerson(db, self.session.userId), placesOf(self)]);
      const isOperator = horizonOf(self) === null && found?.isOperator === true;
      return { tenants: memberships.map(({ tenantId: id, name }) => ({ id, name })), operator: isOperator };
    },
    /** The tenants whose logs tell of what concerns a person as such. */
    tenantsOf: async (userId: Id<'user'>): Promise<Id<'tenant'>[]> => (await findMemberships(db, userId)).map(({ tenantId }) => tenantId),
  };
}
