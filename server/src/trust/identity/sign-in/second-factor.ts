import type { Id } from '#kernel';
import type { PeopleContext } from './context.ts';
import { findTotp, takeRecoveryCode, takeTotpStep } from './person-store.ts';
import { plainRecoveryCode } from './recovery-code.ts';
import { findTotpStep } from './totp.ts';

/** Takes a code of the person's app, or one of their recovery codes, once; null when it is none, or was taken before. */
export async function checkCode(
  context: PeopleContext,
  userId: Id<'user'>,
  given: { readonly code: string } | { readonly recoveryCode: string },
): Promise<'totp' | 'recovery' | null> {
  if ('recoveryCode' in given) {
    const taken = await takeRecoveryCode(context.db, userId, recoveryHash(context, userId, given.recoveryCode));
    return taken === undefined ? null : 'recovery';
  }
  return (await takeTotp(context, userId, given.code, { verified: true })) ? 'totp' : null;
}

/** @param state - of the app: in use, or being set up, which this code completes. */
export async function takeTotp(context: PeopleContext, userId: Id<'user'>, code: string, state: { verified: boolean }): Promise<boolean> {
  const totp = await findTotp(context.db, userId);
  if (totp?.verified !== state.verified) return false;
  const secret = context.secrets.open(totp.secret, userId);
  if (secret === null) {
    context.log.error({ user: userId }, 'identity: the secret of an authenticator app cannot be opened: the session secret has changed');
    return false;
  }
  const step = findTotpStep(Buffer.from(secret, 'base64url'), code.replaceAll(/\s/g, ''), context.clock.now());
  return step !== null && (await takeTotpStep(context.db, userId, step, state)) !== undefined;
}

export const recoveryHash = ({ secrets }: PeopleContext, userId: Id<'user'>, code: string): string =>
  secrets.mac('recovery', userId, plainRecoveryCode(code));
