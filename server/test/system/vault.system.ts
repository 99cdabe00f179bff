import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createKv2, createVaultClient } from '#kernel/hashicorp-vault';
import { startVault } from '../stand-in/vault.ts';

test('the stand-in that our Vault client is tested with speaks the protocol: the distribution’s own client works with it', async (t) => {
  const vault = await startVault(t, { namespace: 'team' });
  const role = vault.addAppRole({ rules: [{ path: 'transit/*', allow: ['update'] }] });
  const args = [vault.address, 'team', vault.rootToken, role.roleId, role.secretId];
  // By its full name: packages of the distribution belong to the distribution's Python.
  const { stdout } = await promisify(execFile)('/usr/bin/python3', [join(import.meta.dirname, 'vault-hvac.py'), ...args]);
  assert.deepEqual(JSON.parse(stdout), {
    root: true,
    versions: [1, 2],
    conflict: JSON.parse(stdout).conflict,
    first: { n: 1 },
    deleted: true,
    list: ['app'],
    destroyed: [true, false],
    transit: ['vault:v1:', 'vault:v2:', 'plain'],
    latest: 2,
    worker: true,
    renewed: true,
    forbidden: true,
    revoked: true,
  });
  assert.match(JSON.parse(stdout).conflict, /check-and-set parameter did not match/);
  // What the one has written the other reads.
  const { address, namespace, rootToken } = vault;
  const client = createVaultClient({ address, namespace, fetch, auth: { method: 'token', token: async () => rootToken } });
  t.after(() => client.close());
  assert.deepEqual((await createKv2(client, 'secret').read('team/app'))?.data, { n: 2 });
});
