import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Provider } from '#trust/identity';
import { type TestCustomer, type TestHttp, testHttp } from '../http.ts';

/** What stands in the tests' DNS, by name. */
export type Zone = Map<string, string[]>;

export interface SsoHttp extends TestHttp {
  readonly zone: Zone;
  /** Proves one more domain for the customer's provider. */
  prove(customer: SsoCustomer, domain: string): Promise<void>;
  /** A tenant with a proven domain of its own and a provider. */
  buildSso(provider: (domain: string) => Record<string, unknown>): Promise<SsoCustomer>;
}

export interface SsoCustomer extends TestCustomer {
  readonly domain: string;
  readonly provider: Provider;
  readonly apiKey: string;
  /** Changes the provider: what is given is put over what it has. */
  change(provider: Record<string, unknown>): Promise<Response>;
}

/** The HTTP surface with providers on loopback allowed, and a DNS of its own. */
export async function ssoHttp(allowHosts: readonly string[]): Promise<SsoHttp> {
  const zone: Zone = new Map();
  const http = await testHttp({
    environment: { FACTOTUM_SSO_ALLOW_HOSTS: allowHosts.join(',') },
    lookupTxt: async (name) => zone.get(name) ?? [],
  });
  const { send, buildCustomer } = http;

  async function prove(apiKey: string, id: string, domain: string): Promise<Provider> {
    const claimed = await send(`POST /api/v1/sso/providers/${id}/domains`, { key: apiKey, json: { domain } });
    const provider = (await claimed.json()) as Provider; // as the route declares, which `send` has checked
    const record = provider.domains.find((one) => one.domain === domain)?.record;
    assert.ok(record);
    zone.set(record.name, [record.value]);
    const verified = await send(`POST /api/v1/sso/providers/${id}/domains/${domain}/verify`, { key: apiKey });
    assert.deepEqual(await verified.json(), { state: 'verified', found: [record.value] });
    return provider;
  }

  return {
    ...http,
    zone,
    prove: async ({ apiKey, provider }, domain) => void (await prove(apiKey, provider.id, domain)),
    buildSso: async (describe) => {
      const customer = await buildCustomer();
      const domain = `${randomBytes(5).toString('hex')}.example`;
      const apiKey = await customer.key();
      const body = {
        name: 'Northwind',
        enabled: true,
        joins: true,
        roles: { claim: null, rules: [], fallback: ['member'] },
        ...describe(domain),
      };
      const made = await send('POST /api/v1/sso/providers', { cookie: await customer.signIn(), json: body });
      assert.equal(made.status, 201, await made.clone().text());
      const { id } = (await made.json()) as Provider; // as the route declares, which `send` has checked
      const provider = await prove(apiKey, id, domain);
      return {
        ...customer,
        domain,
        provider,
        apiKey,
        change: (over) => send(`PUT /api/v1/sso/providers/${id}`, { key: apiKey, json: { ...body, ...over } }),
      };
    },
  };
}
