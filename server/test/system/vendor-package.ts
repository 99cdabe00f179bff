import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

/**
 * Installs a vendor's own client for this test alone, at one version: as a second opinion on a stand-in it is worth much, as a dependency it
 * would be in everybody's way.
 *
 * @param wanted - name and version, as npm takes them
 * @returns what loads it and what came with it; the types are the caller's to know.
 */
export async function vendorPackage(t: TestContext, wanted: string): Promise<(name: string) => unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-vendor-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.toLowerCase().startsWith('npm_')));
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', wanted], { cwd: folder, env });
  return createRequire(join(folder, 'package.json'));
}
