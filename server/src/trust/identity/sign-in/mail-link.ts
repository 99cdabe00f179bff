import type { Language } from '#kernel/words';
import type { Caller } from '../http.ts';
import { deleteExpiredLinks } from '../store.ts';
import type { PeopleContext } from './context.ts';
import { linkLimit, linkRequestLimit, throttled } from './limits.ts';
import { findPersonByEmail } from './person-store.ts';
import { type Link, newLink } from './plugin.ts';
import { countAttempt } from './throttle.ts';

/** Whether somebody may ask for a link now. @throws FactotumError `auth.throttled` when their network asks for too many. */
export async function admitLinkRequest(context: PeopleContext, caller: Caller): Promise<void> {
  const retryAfterSeconds = await countAttempt(context.db, [linkRequestLimit(context, caller)], context.clock.now());
  if (retryAfterSeconds !== null) throw throttled(retryAfterSeconds);
}

/** A link for somebody, and what they read, if they have said so. */
interface MailLink {
  readonly to: string;
  readonly language: Language | null;
  readonly token: string;
}

/**
 * Makes a link for whoever has that address, to be mailed there and nowhere else. Too many for one address are left out silently: the
 * earlier ones still work. How long this takes tells whether there is somebody, so nobody waits for it.
 *
 * @returns null when there is nobody, or there have been enough.
 */
export async function linkToMail(context: PeopleContext, email: string): Promise<MailLink | null> {
  const typed = email.trim().toLowerCase();
  if ((await countAttempt(context.db, [linkLimit(context, typed)], context.clock.now())) !== null) return null;
  const person = await findPersonByEmail(context.db, typed);
  if (person === undefined) return null;
  // To the address that is kept, never to the one that was typed: letters of other scripts may have been taken for ours.
  const token = await keepLink(context, { userId: person.id, tenantId: null, mailed: true });
  return { to: person.email, language: person.language, token };
}

/** Keeps a new link. @returns its token, for the fragment of a URL. */
export async function keepLink({ auth, db, clock }: Pick<PeopleContext, 'auth' | 'db' | 'clock'>, link: Link): Promise<string> {
  const { internalAdapter } = await auth.$context;
  await deleteExpiredLinks(db, clock.now());
  const { token, kept } = newLink(link, clock);
  await internalAdapter.createVerificationValue(kept);
  return token;
}
