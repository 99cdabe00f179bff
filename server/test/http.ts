import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { Registry } from 'prom-client';
import type { Tool } from '#flow/tool';
import type { Clock, Id, JsonObject } from '#kernel';
import { createHttp, type Http, type HttpDeps, knownAddresses } from '#surface/http';
import type { Permission, TxtLookup } from '#trust/identity';
import { allPermissions } from '#trust/identity';
import { backupPort } from '../src/backup.ts';
import { createTenant, type PlatformOptions, type ToolDeps } from '../src/platform.ts';
import { assertConforms } from './conform.ts';
import { browser, cookiesOf, testOrigin } from './identity.ts';
import { type TestPlatform, testPlatform } from './platform.ts';

/** What a test sends besides method and path. */
export interface Sent {
  readonly key?: string | undefined;
  /** Of a browser on our own page. */
  readonly cookie?: string | undefined;
  readonly json?: unknown;
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the socket says it comes from. */
  readonly address?: string;
}

/** Method and path. */
export type Line = `${'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'PATCH' | 'TRACE'} /${string}`;

/** A tenant with an owner, and the means to be somebody in it. */
export interface TestCustomer {
  readonly tenantId: Id<'tenant'>;
  readonly name: string;
  /** A key with these permissions, all when none is named. */
  key(...permissions: Permission[]): Promise<string>;
  /** The cookie of the owner's new session. */
  signIn(): Promise<string>;
}

export interface TestHttp {
  readonly platform: TestPlatform;
  readonly http: Http;
  readonly deps: HttpDeps;
  send(line: Line, sent?: Sent): Promise<Response>;
  /** Sends what must succeed. @returns the JSON of the answer, which the caller names as the route declares it; null where there is none */
  ask<T>(line: Line, sent?: Sent): Promise<T>;
  buildCustomer(settings?: JsonObject): Promise<TestCustomer>;
}

/** The whole HTTP surface on a platform of its own, without a socket. */
export async function testHttp(
  options: {
    tools?: (deps: ToolDeps) => Tool[];
    deps?: Partial<HttpDeps>;
    clock?: Clock;
    publicUrl?: string;
    environment?: Readonly<Record<string, string>>;
    lookupTxt?: TxtLookup;
    rotation?: PlatformOptions['rotation'];
  } = {},
): Promise<TestHttp> {
  const { tools, environment, lookupTxt, rotation } = options;
  const platform = await testPlatform({
    ...(tools === undefined ? {} : { tools }),
    ...(environment === undefined ? {} : { environment }),
    ...(lookupTxt === undefined ? {} : { lookupTxt }),
    ...(rotation === undefined ? {} : { rotation }),
  });
  const webFolder = await buildWebFolder();
  const addresses = knownAddresses({ host: '127.0.0.1', port: 4310, publicUrl: options.publicUrl });
  const deps: HttpDeps = {
    ...platform,
    backups: backupPort(platform),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    metrics: new Registry(),
    metricsToken: 'scrapers-may-read-this',
    addresses: () => addresses,
    webFolder,
    plannerModel: null,
    dropFolderOf: ({ name }) => `/drop/${name}`,
    onRung: () => undefined,
    ...options.deps,
  };
  const http = await createHttp(deps);
  const send: TestHttp['send'] = async (line, sent = {}) => {
    const [method = '', path = ''] = line.split(' ');
    const headers = new Headers(sent.cookie === undefined ? {} : browser(sent.cookie).headers);
    if (sent.key !== undefined) headers.set('authorization', `Bearer ${sent.key}`);
    if (sent.json !== undefined) headers.set('content-type', 'application/json');
    for (const [name, value] of Object.entries(sent.headers ?? {})) headers.set(name, value);
    const body = sent.json === undefined ? sent.body : JSON.stringify(sent.json);
    const request = new Request(new URL(path, testOrigin), {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    });
    const address = sent.address ?? `10.${randomBytes(3).join('.')}`;
    const response = await http.fetch(request, { incoming: { socket: { remoteAddress: address } } });
    if (method !== 'HEAD') await assertConforms(http.routes, { method, path }, response.clone());
    return response;
  };
  return {
    platform,
    http,
    deps,
    send,
    async ask(line, sent) {
      const response = await send(line, sent);
      const text = await response.text();
      assert.ok(response.ok, `${line} was answered ${response.status}: ${text}`);
      return text === '' ? null : JSON.parse(text);
    },
    buildCustomer: async (settings = {}) => {
      const name = `customer-${randomBytes(6).toString('hex')}`;
      const { id: tenantId } = await createTenant(platform, { name, actor: 'operator:test', settings });
      return {
        tenantId,
        name,
        key: async (...permissions) => {
          const chosen = permissions.length === 0 ? allPermissions : permissions;
          return (await platform.identity.createApiKey({ tenantId, name: 'test', permissions: chosen })).key;
        },
        signIn: async () => {
          const token = await platform.identity.createSignInLink(tenantId);
          const response = await send('POST /api/v1/session', { json: { token }, headers: { origin: testOrigin } });
          if (response.status !== 204) throw new Error(`signing in was answered ${response.status}: ${await response.text()}`);
          return cookiesOf(response);
        },
      };
    },
  };
}

/** A dashboard of three files, as the builder would leave it. */
async function buildWebFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-web-'));
  after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'assets'));
  for (const [name, language] of Object.entries({ 'index.html': 'en', 'index.de.html': 'de' }))
    await writeFile(join(folder, name), `<!doctype html><html lang="${language}"><title>Factotum</title>`);
  await writeFile(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(folder, 'assets', 'index-abc123.js'), `console.info(${JSON.stringify('x'.repeat(4_000))});`);
  await writeFile(join(folder, 'secret.key'), 'not a type that is served');
  return folder;
}
