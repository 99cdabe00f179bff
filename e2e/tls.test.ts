import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { makeAuthority, writePair } from '../server/test/tls-pair.ts';
import { failingServer, removeServer, startServer } from './server.ts';

const folder = await mkdtemp(join(tmpdir(), 'factotum-e2e-tls-'));
after(() => rm(folder, { recursive: true, force: true }));

it('with a certificate the server says https, signs in over it, and its cookies go nowhere else', async () => {
  const authority = await makeAuthority('an authority');
  const files = await writePair(folder, await authority.issue({ name: 'factotum', use: 'server' }));
  const environment = { FACTOTUM_TLS_CERT: files.certificateFile, FACTOTUM_TLS_KEY: files.keyFile };
  const server = await startServer({ environment });
  const ask = async (method: 'GET' | 'POST', path: string, headers: Record<string, string>, body = ''): Promise<IncomingMessage> => {
    const asked = request(`${server.origin}${path}`, { method, headers, ca: authority.certificate, agent: false });
    const [answer] = await once(asked.end(body), 'response');
    return answer.resume();
  };
  try {
    assert.match(server.origin, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.ok(server.signInUrl.startsWith(`${server.origin}/`), server.signInUrl);
    const token = server.signInUrl.split('#token=')[1];
    const headers = { 'content-type': 'application/json', origin: server.origin };
    const signedIn = await ask('POST', '/api/v1/session', headers, JSON.stringify({ token }));
    assert.equal(signedIn.statusCode, 204);
    const cookies = signedIn.headers['set-cookie'] ?? [];
    assert.ok(cookies.length > 0);
    for (const cookie of cookies) assert.match(cookie, /^__(?:Secure|Host)-.*; Secure/i);
    assert.match(signedIn.headers['strict-transport-security'] ?? '', /^max-age=/);
    const cookie = cookies.map((text) => text.split(';')[0]).join('; ');
    assert.equal((await ask('GET', '/api/v1/me', { cookie })).statusCode, 200);
  } finally {
    await server.stop();
    await removeServer(server);
  }
});

it('a certificate without its key is a fault of the configuration, named with its setting', async () => {
  const { code, output } = await failingServer({ folder, environment: { FACTOTUM_TLS_CERT: join(folder, 'none.pem') } });
  assert.equal(code, 78);
  assert.match(output, /FACTOTUM_TLS_CERT: set it together with FACTOTUM_TLS_KEY/);
});
