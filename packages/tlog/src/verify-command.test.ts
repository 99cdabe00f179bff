import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkpointsAt, draftEntries, exportOf, firstMacKey, leafReader, sealEntries, signer } from '../test/sample-log.ts';
import { encodeProof, hashLeaf, inclusionProof, tilesFromLeaves } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'tlog-verify-'));
after(() => rmSync(folder, { recursive: true }));
const save = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const command = fileURLToPath(new URL('./verify-command.ts', import.meta.url));
const run = (args: string[], input?: Uint8Array) =>
  spawnSync(process.execPath, [command, ...args], { encoding: 'utf8', ...(input && { input }) });

const entries = sealEntries(draftEntries(12));
const bytes = exportOf(entries, checkpointsAt(entries, 12));
const good = save('good.jsonl', bytes);
const bad = save('bad.jsonl', bytes.toString().replace('día 7', 'dia 7'));
const held = save('held', checkpointsAt(entries, 5)[0]!);
const later = save('later', checkpointsAt([...entries, ...entries], 20)[0]!);
const macKey = save('mac-key', `${firstMacKey.toString('hex')}\n`);
const key = ['--key', signer.verifierKeyText];

test('a good export ends with 0 and says what was proven and what was not', () => {
  const bare = run([good]);
  assert.equal(bare.status, 0, bare.stderr);
  assert.match(bare.stdout, /Proven:\n- entries 0 to 11 are exactly.*Not proven:\n.*--key.*--checkpoint.*--mac-key.*Holds\.\n$/s);
  const full = run([good, ...key, '--mac-key', `@${macKey}`, '--checkpoint', held]);
  assert.equal(full.status, 0, full.stderr);
  assert.match(full.stdout, /size 5.*MACs that only the holder of the keys could make \(3 epochs\)/s);
  assert.doesNotMatch(full.stdout, /Not proven/);
});

test('a changed export ends with 1 and names the entry', () => {
  const result = run([bad, '--mac-key', firstMacKey.toString('hex')]);
  assert.equal(result.status, 1);
  assert.match(result.stdout, /DOES NOT HOLD at entry 7: /);
  const cut = run([good, '--checkpoint', later]);
  assert.equal(cut.status, 1);
  assert.match(cut.stdout, /DOES NOT HOLD at entry 12: .*20 entries/);
});

test('--json prints one JSON value, good or bad, also from standard input', () => {
  const result = run(['-', '--json', ...key], bytes);
  const report = JSON.parse(result.stdout);
  assert.deepEqual([report.holds, report.entries, report.fault, report.isKeyGiven, report.checkpoints[0].size], [true, 12, null, true, 12]);
  const { fault } = JSON.parse(run([bad, '--json']).stdout);
  assert.deepEqual([fault.code, fault.index, fault.indexLast], ['chain', 7, 7]);
});

test('the proof of one entry holds for its bytes and for no others', async () => {
  const hashes = await inclusionProof(tilesFromLeaves(leafReader(entries.map(({ body }) => hashLeaf(Buffer.from(body))))), {
    index: 3,
    size: 12,
  });
  const proof = save('entry.tlog-proof', encodeProof({ index: 3, hashes, checkpoint: checkpointsAt(entries, 12)[0]! }));
  const holds = run([proof, '--entry', save('entry-3', entries[3]!.body), ...key]);
  assert.deepEqual([holds.status, holds.stdout.startsWith('Holds: this is entry 3 of the log')], [0, true]);
  const forged = run([proof, '--entry', save('entry-4', entries[4]!.body), ...key, '--json']);
  assert.deepEqual([forged.status, JSON.parse(forged.stdout).code], [1, 'tlog.proof_wrong']);
  assert.equal(run([proof, '--entry', good]).status, 2);
});

test('what cannot be checked ends with 2 and a reason on standard error', () => {
  const calls = [
    [],
    [good, good],
    ['--nonsense', good],
    [good, '--mac-key', 'abc'],
    [good, '--key', 'abc'],
    [join(folder, 'absent')],
    [good, '--checkpoint', join(folder, 'absent')],
  ];
  for (const args of calls) {
    const result = run(args);
    assert.deepEqual([result.status, result.stdout], [2, ''], args.join(' '));
    assert.match(result.stderr, /^factotum-verify: ./);
  }
  assert.equal(run(['--help']).status, 0);
});
