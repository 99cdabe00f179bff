import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { z } from 'zod';
import { newId, systemClock } from '#kernel';
import { createAzureKeyVault } from '../../src/trust/key/provider/azure-key-vault.ts';
import { startAzureKeyVault } from '../stand-in/azure-key-vault.ts';
import { fetchTo } from '../stand-in/far-side.ts';
import { vendorPackage } from './vendor-package.ts';

/** As far as we use it. */
interface KeyvaultKeys {
  readonly KeyClient: new (
    vault: string,
    credential: Credential,
    options: object,
  ) => { getKey(name: string): Promise<{ id: string; keyType: string; properties: { version: string; enabled: boolean } }> };
  readonly CryptographyClient: new (
    key: string,
    credential: Credential,
    options: object,
  ) => {
    wrapKey(algorithm: string, bytes: Uint8Array): Promise<{ result: Uint8Array }>;
    unwrapKey(algorithm: string, bytes: Uint8Array): Promise<{ result: Uint8Array }>;
  };
}
interface Credential {
  getToken(scopes: string | readonly string[]): Promise<{ token: string; expiresOnTimestamp: number }>;
}
interface RestPipeline {
  createHttpHeaders(headers: Readonly<Record<string, string>>): object;
}
interface PipelineRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { toJSON(): Record<string, string> };
  readonly body?: string;
}

const tokenSchema = z.object({ access_token: z.string(), expires_in: z.number() });

test("Microsoft's own client opens what we wrap at the vault, and is refused what we would be", { timeout: 300_000 }, async (t) => {
  const load = await vendorPackage(t, '@azure/keyvault-keys@4.10.2');
  // As declared above; the packages have types of their own, which nobody here has installed.
  const sdk = load('@azure/keyvault-keys') as KeyvaultKeys;
  const { createHttpHeaders } = load('@azure/core-rest-pipeline') as RestPipeline;
  const vault = await startAzureKeyVault(t);
  const { tenantId, clientId, clientSecret } = vault.application;
  const routed = fetchTo(t, { [new URL(vault.url).host]: vault, 'login.microsoftonline.com': vault });
  const signingIn = (secret: string): Credential => ({
    async getToken(scopes) {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: secret,
        scope: String(scopes),
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const url = `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`;
      const answer = await routed(url, { method: 'POST', headers, body: String(body) });
      const { access_token, expires_in } = tokenSchema.parse(await answer.json());
      return { token: access_token, expiresOnTimestamp: Date.now() + expires_in * 1_000 };
    },
  });
  const httpClient = {
    async sendRequest(request: PipelineRequest): Promise<object> {
      const { method, url, body } = request;
      const answer = await routed(url, { method, headers: request.headers.toJSON(), ...(body ? { body } : {}) });
      const headers = createHttpHeaders(Object.fromEntries(answer.headers));
      return { request, status: answer.status, headers, bodyAsText: await answer.text() };
    },
  };
  // Attempts more than one would hide what is refused.
  const options = { httpClient, retryOptions: { maxRetries: 0 } };
  const credential = signingIn(clientSecret);
  const kek = await createAzureKeyVault({
    keyUrl: vault.createKey('factotum'),
    fetch: routed,
    clock: systemClock,
    timeoutMs: 30_000,
    credential: { kind: 'client-secret', ...vault.application },
  });
  const seed = randomBytes(32);
  const row = await kek.wrap(seed, { tenantId: newId('tenant'), generation: 1 });

  const key = await new sdk.KeyClient(vault.url, credential, options).getKey('factotum');
  assert.deepEqual([key.id, key.keyType, key.properties.version], [`${vault.url}/keys/factotum/${row.kekVersion}`, 'RSA', row.kekVersion]);
  const client = new sdk.CryptographyClient(key.id, credential, options);
  const { result } = await client.unwrapKey('RSA-OAEP-256', row.wrapped.subarray(1));
  assert.deepEqual(Buffer.from(result).subarray(0, 32), seed);
  const theirs = await client.wrapKey('RSA-OAEP-256', seed);
  assert.deepEqual(Buffer.from((await client.unwrapKey('RSA-OAEP-256', theirs.result)).result), seed);

  await assert.rejects(client.unwrapKey('RSA-OAEP-256', randomBytes(256)), { statusCode: 400 });
  const elsewhere = new sdk.CryptographyClient(`${vault.url}/keys/nobody/${row.kekVersion}`, credential, options);
  await assert.rejects(elsewhere.unwrapKey('RSA-OAEP-256', theirs.result), { statusCode: 404 });
  await assert.rejects(new sdk.CryptographyClient(key.id, signingIn('not the secret'), options).unwrapKey('RSA-OAEP-256', theirs.result));
  vault.disable('factotum');
  await assert.rejects(client.unwrapKey('RSA-OAEP-256', theirs.result), { statusCode: 403 });
});
