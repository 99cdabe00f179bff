import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createClient } from 'webdav';
import { testWebdav } from '../webdav.ts';

const { buildCustomer, device, url } = await testWebdav();
const folder = await mkdtemp(join(tmpdir(), 'factotum-webdav-'));
after(() => rm(folder, { recursive: true }));

/** Runs a program to its end. */
function run(
  command: string,
  given: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((ended, failed) => {
    const child = spawn(command, given, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (output += piece.toString('utf8')));
    child.on('error', failed);
    child.on('exit', (code) => ended({ code, output }));
  });
}

/** What of litmus fails, with the reason in docs/vault.md. Nothing else may. */
const misses: Readonly<Record<string, readonly string[]>> = { basic: [], copymove: [], props: [], locks: [], http: [] };

for (const [suite, known] of Object.entries(misses))
  test(`litmus ${suite}: everything passes but what is explained`, async (t) => {
    const token = await device(await buildCustomer());
    const { output } = await run('litmus', ['-k', url, 'somebody', token], { TESTS: suite });
    const lines = output.split(/[\r\n]+/);
    const [, passed, of] =
      lines.map((line) => /(\d+) (?:tests run|skipped|run)?.*?: (\d+) passed/.exec(line)).find((found) => found !== null) ?? [];
    const failed = lines.filter((line) => /FAIL/.test(line)).map((line) => line.replace(/\s+/g, ' ').trim());
    t.diagnostic(`litmus ${suite}: ${of ?? '?'} of ${passed ?? '?'} passed`);
    const unknown = failed.filter((line) => !known.some((name) => line.includes(name)));
    assert.deepEqual(unknown, [], output);
    assert.ok(passed !== undefined, output);
  });
