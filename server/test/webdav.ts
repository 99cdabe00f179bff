import { after } from 'node:test';
import { knownAddresses } from '#surface/http';
import { devicePermissions } from '#trust/identity';
import { type TestCustomer, testHttp } from './http.ts';

/** The whole HTTP surface, also on a port of its own, without limits on requests: programs of others send thousands. */
export async function testWebdav(options: Pick<Parameters<typeof testHttp>[0] & object, 'tools'> = {}) {
  const usual = knownAddresses({ host: '127.0.0.1', port: 4310, publicUrl: undefined });
  let addresses = usual;
  const requestLimits = { countAddress: async () => undefined, countRequester: async () => undefined };
  const { http, platform, send, buildCustomer } = await testHttp({ ...options, deps: { requestLimits, addresses: () => addresses } });
  const port = await http.listen({ host: '127.0.0.1', port: 0 });
  const listened = knownAddresses({ host: '127.0.0.1', port, publicUrl: undefined });
  addresses = { ...usual, isOurs: (host) => usual.isOurs(host) || listened.isOurs(host) };
  after(() => http.close(0));

  /** The token of a new device of the owner's. */
  async function device(customer: TestCustomer, permissions: readonly string[] = devicePermissions): Promise<string> {
    const cookie = await customer.signIn();
    const made = await send('POST /api/v1/me/devices', { cookie, json: { name: 'test', permissions } });
    return ((await made.json()) as { token: string }).token;
  }

  /** Sends a request as a program would that knows the token as a password. */
  function dav(
    token: string,
    line: string,
    sent: { body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const [method = '', path = ''] = line.split(' ');
    const authorization = `Basic ${Buffer.from(`anybody@example.com:${token}`).toString('base64')}`;
    return fetch(`http://127.0.0.1:${port}/webdav/${path}`, {
      method,
      headers: { authorization, ...sent.headers },
      ...(sent.body === undefined ? {} : { body: sent.body }),
    });
  }

  return { http, platform, send, buildCustomer, device, dav, url: `http://127.0.0.1:${port}/webdav/` };
}
