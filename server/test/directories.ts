import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestCustomer, testHttp } from './http.ts';

/** What is answered, of which each test reads what it asked for. */
interface Body {
  readonly id: string;
  readonly schemas: string[];
  readonly userName: string;
  readonly displayName: string;
  readonly active: boolean;
  readonly emails: { value: string; type?: string; primary?: boolean }[];
  readonly name: Record<string, string>;
  readonly groups: { value: string; display: string }[];
  readonly members: { value: string }[];
  readonly meta: { resourceType: string; location: string; version: string };
  readonly totalResults: number;
  readonly startIndex: number;
  readonly itemsPerPage: number;
  readonly Resources: Body[];
  readonly status: string;
  readonly scimType: string;
  readonly detail: string;
  readonly token: string;
  readonly url: string;
  readonly items: { userId: string; email: string; roles: string[]; emailVerified: boolean; managedBy: string | null; name: string }[];
}
/** Names of RFC 7643 and 7644. */
export const user = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const group = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const errors = 'urn:ietf:params:scim:api:messages:2.0:Error';
const patchOp = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export const bodyOf = async (response: Response) => (await response.json()) as Body;
export const patch = (...Operations: object[]) => ({ schemas: [patchOp], Operations });
/** `409 uniqueness` */
export const kindOf = async (response: Response) =>
  `${response.status} ${response.ok ? '' : ((await bodyOf(response)).scimType ?? '')}`.trim();

/** What makes the addresses of this file its own. */
export const run = randomBytes(4).toString('hex');
export const addressOf = (name: string) => `${name.toLowerCase()}@${run}.example.com`;

/** The HTTP surface, and tenants with directories: clients that speak SCIM alone. */
export async function testDirectories() {
  const { platform, http, send, buildCustomer } = await testHttp();

  /** A tenant with a directory. */
  async function buildDirectory() {
    const customer = await buildCustomer();
    const cookie = await customer.signIn();
    const made = await send('POST /api/v1/scim/tokens', { cookie, json: { name: 'Directory' } });
    assert.equal(made.status, 201);
    const { token, id } = await bodyOf(made);
    const ask = (
      line: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`,
      json?: unknown,
      headers: Record<string, string> = {},
    ) => {
      const [method, path] = line.split(' ');
      const type = json === undefined ? {} : { 'content-type': 'application/scim+json' };
      const sent = { key: token, headers: { accept: 'application/scim+json', ...type, ...headers } };
      return send(`${method} /scim/v2${path}` as Parameters<typeof send>[0], {
        ...sent,
        ...(json === undefined ? {} : { json, headers: sent.headers }),
      });
    };
    const add = async (name: string, more: object = {}) => {
      const response = await ask('POST /Users', {
        schemas: [user],
        userName: name,
        emails: [{ value: addressOf(name), type: 'work', primary: true }],
        ...more,
      });
      assert.equal(response.status, 201, await response.clone().text());
      return bodyOf(response);
    };
    return { customer, cookie, token, tokenId: id, ask, add };
  }

  async function membersOf(customer: TestCustomer) {
    return (await bodyOf(await send('GET /api/v1/members?limit=200', { key: await customer.key('member:read') }))).items;
  }

  return { platform, http, send, buildCustomer, buildDirectory, membersOf };
}
