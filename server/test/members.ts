import assert from 'node:assert/strict';
import { FactotumError, type Id } from '#kernel';
import { withTenant } from '#kernel/database';
import type { Letter } from '#kernel/mail';
import { listEntries } from '#trust/audit';
import { type TestCustomer, testHttp } from './http.ts';
import { cookiesOf, testOrigin } from './identity.ts';

interface Member {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly roles: string[];
}

/** What the routes about members answer, of which each test reads what it asked for. */
interface Body {
  readonly id: string;
  readonly code: string;
  readonly key: string;
  readonly url: string;
  readonly mailed: boolean;
  readonly account: string;
  readonly items: (Member & { id: string; state: string })[];
  readonly nextCursor: string | null;
}

export const bodyOf = async (response: Response) => (await response.json()) as Body;
/** `204`, `409 member.exists` */
export const codeOf = async (response: Response) =>
  response.ok ? String(response.status) : `${response.status} ${(await bodyOf(response)).code}`;
export const tokenIn = (url: string) => url.split('#token=')[1] ?? '';
/** What a browser on our own page sends. */
export const browserHeaders = { origin: testOrigin };
export const passphrase = 'nineteen purple lanterns';

let people = 0;
/** An address that nobody has. */
export const newAddress = () => `person-${++people}-${process.pid}@example.com`;

/** The HTTP surface with a mail server that can be there, be away, or not be set up at all. */
export async function testMembers(options: NonNullable<Parameters<typeof testHttp>[0]> = {}) {
  const mail: { state: 'none' | 'working' | 'failing'; readonly letters: Letter[] } = { state: 'none', letters: [] };
  const postman = {
    get isConfigured() {
      return mail.state !== 'none';
    },
    send: async (letter: Letter) => {
      if (mail.state === 'failing') throw new FactotumError('mail.unavailable', 'The mail server does not answer.');
      mail.letters.push(letter);
    },
    close: () => undefined,
  };
  const { platform, send, ask, buildCustomer } = await testHttp({ ...options, deps: { postman, ...options.deps } });

  const membersOf = async (customer: TestCustomer): Promise<Member[]> =>
    (await bodyOf(await send('GET /api/v1/members?limit=200', { key: await customer.key('member:read') }))).items;

  return {
    platform,
    send,
    ask,
    buildCustomer,
    mail,
    membersOf,
    /** Invites and accepts: somebody new with these roles, with their cookie and id. */
    join: async (customer: TestCustomer, roles: string[], email = newAddress()) => {
      const invited = await send('POST /api/v1/invitations', { cookie: await customer.signIn(), json: { email, roles } });
      assert.equal(invited.status, 201);
      const json = { token: tokenIn((await bodyOf(invited)).url), name: `Person ${people}`, password: passphrase };
      const accepted = await send('POST /api/v1/invitation/accept', { json, headers: browserHeaders });
      assert.equal(accepted.status, 204);
      const userId = (await membersOf(customer)).find((member) => member.email === email)?.userId ?? '';
      return { email, userId, cookie: cookiesOf(accepted) };
    },
    /** What the log tells about an object, newest first. */
    kindsOf: async (tenantId: Id<'tenant'>, object: string): Promise<string[]> => {
      await platform.sequencer.drained();
      const entries = await withTenant(platform.database.app.db, tenantId, (tx) => listEntries(tx, { tenantId, limit: 200 }));
      return entries.filter(({ objectId }) => objectId === object).map(({ kind }) => kind);
    },
  };
}
