import type { Id } from '#kernel';
import type { Caller } from '../http.ts';
import type { RequestHead } from '../origin.ts';
import type { PersonSession } from '../principal.ts';
import type { PeopleContext } from './context.ts';
import { admitLinkRequest, linkToMail } from './mail-link.ts';
import { type Assertion, passkeyRequest } from './passkey.ts';
import { byLink, byPasskey, byPassword, bySecondFactor } from './sign-in.ts';
import { type Proof, renew, stepUp, stepUpState, switchTenant } from './step-up.ts';

/** How people sign in, confirm that it is still them, and go from tenant to tenant. What each throws is said where it is made. */
export type SignIn = ReturnType<typeof createSignIn>;

export function createSignIn(context: PeopleContext) {
  return {
    byPassword: (given: { email: string; password: string }, request: RequestHead, caller: Caller) =>
      byPassword(context, given, request, caller),
    bySecondFactor: (given: { code: string } | { recoveryCode: string }, request: RequestHead, caller: Caller) =>
      bySecondFactor(context, given, request, caller),
    byPasskey: (response: Assertion, request: RequestHead, caller: Caller) => byPasskey(context, response, request, caller),
    byLink: (token: string, request: RequestHead, caller: Caller) => byLink(context, token, request, caller),
    passkeyOptions: (request: RequestHead) => passkeyRequest(context, request, { purpose: 'sign-in', userId: null }),
    admitLinkRequest: (caller: Caller) => admitLinkRequest(context, caller),
    linkToMail: (email: string) => linkToMail(context, email),

    stepUpState: (session: PersonSession, canMail: boolean) => stepUpState(context, session, canMail),
    stepUp: (session: PersonSession, proof: Proof, request: RequestHead) => stepUp(context, session, proof, request),
    stepUpPasskeyOptions: ({ userId }: PersonSession, request: RequestHead) =>
      passkeyRequest(context, request, { purpose: 'step-up', userId }),
    /** Notes that a person has proved at their identity provider to be still there; the session goes on under a new token. */
    confirmedElsewhere: (sessionId: Id<'session'>) => renew(context, sessionId, { stepUpAt: context.clock.now() }),
    switchTenant: (session: PersonSession, tenantId: Id<'tenant'> | null) => switchTenant(context, session, tenantId),
  };
}
