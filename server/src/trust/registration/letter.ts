import { wordsIn } from '#kernel/words';
import type { Registration } from './store.ts';

type Wish = Pick<Registration, 'name' | 'tenantName' | 'language'>;

/** Asks somebody to prove that the address is theirs. It may reach somebody who did not ask for it. */
export function verifyLetter({ name, tenantName, language }: Wish, url: string) {
  const { registration: words } = wordsIn(language).letters;
  return { subject: words.verifySubject, text: words.verify(name, tenantName, url) };
}

/** Tells an owner that their tenant is there. */
export function readyLetter({ name, tenantName, language }: Wish, url: string) {
  const { registration: words } = wordsIn(language).letters;
  return { subject: words.readySubject(tenantName), text: words.ready(name, tenantName, url) };
}

/** Tells somebody that there will be no tenant. */
export function rejectedLetter({ name, tenantName, language }: Wish) {
  const { registration: words } = wordsIn(language).letters;
  return { subject: words.rejectedSubject(tenantName), text: words.rejected(name, tenantName) };
}
