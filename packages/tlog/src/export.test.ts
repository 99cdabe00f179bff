import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkpointOf,
  checkpointsAt,
  type Draft,
  draftEntries,
  exportOf,
  firstMacKey,
  macKeys,
  origin,
  sealEntries,
  signer,
} from '../test/sample-log.ts';
import {
  checkEntry,
  createLogState,
  createSigner,
  decodeFrontier,
  type ExportEntry,
  encodeFrontier,
  frontierRoot,
  verifyExport,
} from './index.ts';

// Five days of four entries; the forger works on the last day and has its key, not those of the days before.
const drafts = draftEntries(20);
const entries = sealEntries(drafts);
const bodies = drafts.map(({ body }) => body);
const checkpoints = checkpointsAt(entries, 8, 20);
const vkey = signer.verifierKeyText;
const todaysKey = macKeys(5)[4]!;
const forge = (forged: readonly Draft[], from: number): ExportEntry[] =>
  sealEntries(forged, () => todaysKey).map((entry, i) => (i < from ? entries[i]! : entry));

const check = (bytes: Uint8Array, options: Parameters<typeof verifyExport>[1] = { macKey: firstMacKey, verifierKey: vkey }) =>
  verifyExport([bytes], options);
const faultOf = async (...call: Parameters<typeof check>) => {
  const { holds, fault } = await check(...call);
  assert.equal(holds, fault === null);
  return fault && { code: fault.code, index: fault.index, indexLast: fault.indexLast };
};
const at = (index: number, code: string, indexLast = index) => ({ code, index, indexLast });

test('an untouched export holds, and the report says what that means', async () => {
  const report = await check(exportOf(entries, checkpoints), {
    macKey: firstMacKey,
    verifierKey: vkey,
    checkpoints: checkpointsAt(entries, 0, 3, 20),
  });
  assert.deepEqual(
    { ...report, root: null, checkpoints: report.checkpoints.map(({ size, isHeld }) => ({ size, isHeld })) },
    {
      holds: true,
      fault: null,
      origin,
      verifierKey: vkey,
      isKeyGiven: true,
      entries: 20,
      root: null,
      epochs: 5,
      areMacsChecked: true,
      checkpoints: [
        { size: 0, isHeld: true },
        { size: 3, isHeld: true },
        { size: 8, isHeld: false },
        { size: 20, isHeld: false },
        { size: 20, isHeld: true },
      ],
    },
  );
  assert.equal((await check(exportOf(entries, checkpoints), {})).isKeyGiven, false);
  assert.equal((await check(exportOf([], checkpointsAt([], 0)))).holds, true);
});

test('how the bytes are cut into chunks changes nothing', async () => {
  const bytes = exportOf(entries, checkpoints);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 700 }), async (step) => {
      const chunks = Array.from({ length: Math.ceil(bytes.length / step) }, (_, i) => bytes.subarray(i * step, (i + 1) * step));
      assert.equal((await verifyExport(chunks, { macKey: firstMacKey })).holds, true);
    }),
    { numRuns: 50 },
  );
});

test('every byte of an export counts: each one changed is found, and the entry it belongs to is named', async () => {
  const few = entries.slice(0, 6);
  const bytes = exportOf(few, checkpointsAt(few, 6));
  let line = -1;
  for (let i = 0; i < bytes.length; i += 1) {
    const changed = Buffer.from(bytes);
    changed[i] = changed[i]! ^ ((i % 255) + 1);
    const { fault } = await check(changed, { macKey: firstMacKey });
    assert.ok(fault, `byte ${i}`);
    assert.equal(fault.index, line === -1 ? null : line, `byte ${i}: ${fault.detail}`);
    if (bytes[i] === 0x0a) line += 1;
  }
});

test('any byte changed, removed, inserted or doubled anywhere is found, also by who brings only the public key', async () => {
  const bytes = exportOf(entries, checkpoints);
  // Without the first MAC key the MACs and epochs prove nothing, so this part changes only what is in the tree, the chain and the header.
  const macOrEpoch = /"mac":.*$/gm;
  const unproven = [...bytes.toString('latin1').matchAll(macOrEpoch)].map((found) => [found.index, found.index + found[0].length] as const);
  const edit = fc.constantFrom('change', 'remove', 'insert', 'double');
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), edit, async (i, value, kind) => {
      const [before, byte, after] = [bytes.subarray(0, i), bytes.subarray(i, i + 1), bytes.subarray(i + 1)];
      const other = Buffer.from([value]);
      fc.pre(kind !== 'change' || value !== bytes[i]);
      const edited = {
        change: [before, other, after],
        remove: [before, after],
        insert: [before, other, byte, after],
        double: [before, byte, byte, after],
      }[kind]!;
      assert.notEqual(await faultOf(Buffer.concat(edited)), null);
      if (unproven.every(([start, end]) => i < start || i > end))
        assert.notEqual(await faultOf(Buffer.concat(edited), { verifierKey: vkey }), null);
    }),
    { numRuns: 500 },
  );
});

test('another spelling of the same entry is refused, since only one spelling can be compared byte by byte', async () => {
  const text = exportOf(entries, checkpoints).toString();
  const spelled = [
    text.replace('"seq":3', '"seq": 3'),
    text.replace('\\u0001', '\\u0001'.toUpperCase()),
    text.replace('día 3', 'd\\u00eda 3'),
  ];
  for (const other of [
    ...spelled,
    text.replace('"seq":3', '"seq":3,"note":1'),
    text.replaceAll('\n', '\r\n'),
    `\ufeff${text}`,
    `${text}\n`,
  ]) {
    assert.notEqual(await faultOf(Buffer.from(other)), null);
  }
  assert.deepEqual(await faultOf(Buffer.from(text.replace('día 3', 'd\ud800a 3'))), at(3, 'chain'));
  assert.deepEqual(await faultOf(Buffer.from(`${text} `)), at(20, 'line'));
});

test('a body with broken text is refused, although it hashes like the one with the replacement character', async () => {
  const odd = sealEntries([{ body: '{"name":"\ufffd"}', epoch: 0 }]);
  const text = exportOf(odd, checkpointsAt(odd, 1)).toString();
  assert.equal(await faultOf(Buffer.from(text)), null);
  assert.deepEqual(await faultOf(Buffer.from(text.replace('\ufffd', '\\ud800'))), at(0, 'line'));
  const [before, after] = text.split('\ufffd');
  assert.deepEqual(await faultOf(Buffer.concat([Buffer.from(before!), Buffer.from([0xff]), Buffer.from(after!)])), at(0, 'line'));
});

test('lines taken out, moved, exchanged, doubled or cut off are found at the first line that is wrong', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 0, max: 19 }), async (a, b) => {
      const [first, second] = [Math.min(a, b), Math.max(a, b)];
      const without = entries.toSpliced(first, second - first + 1);
      assert.deepEqual(await faultOf(exportOf(without, checkpoints)), at(first, second === 19 ? 'cut' : 'position'));
      const moved = entries.toSpliced(second, 1).toSpliced(first, 0, entries[second]!);
      assert.deepEqual(await faultOf(exportOf(moved, checkpoints)), first === second ? null : at(first, 'position'));
      const doubled = entries.toSpliced(first, 0, entries[first]!);
      assert.deepEqual(await faultOf(exportOf(doubled, checkpoints)), at(first + 1, first === 19 ? 'uncovered' : 'position'));
      if (first === second) return;
      const swapped = entries.with(first, entries[second]!).with(second, entries[first]!);
      assert.deepEqual(await faultOf(exportOf(swapped, checkpoints)), at(first, 'position'));
      const renumbered = swapped.map((entry, seq) => ({ ...entry, seq }));
      assert.notEqual(await faultOf(exportOf(renumbered, checkpoints)), null);
    }),
    { numRuns: 60 },
  );
});

test('an edit with the chain made anew is named by the MAC key, and narrowed to two checkpoints without it', async () => {
  const edited = drafts.with(10, { body: '{"amount":1}', epoch: 2 });
  const rechained = sealEntries(edited).map((entry, i) => ({ ...entry, mac: entries[i]!.mac }));
  assert.deepEqual(await faultOf(exportOf(rechained, checkpoints)), at(10, 'mac'));
  assert.deepEqual(await faultOf(exportOf(rechained, checkpoints), {}), at(8, 'root', 19));
  assert.deepEqual(await faultOf(exportOf(rechained, checkpoints), { checkpoints: checkpointsAt(entries, 10, 12) }), at(10, 'root', 11));
});

test("who has today's MAC key cannot rewrite a past day: the first rewritten entry is named", async () => {
  const edited = drafts.with(9, { body: '{"amount":1}', epoch: 2 });
  assert.deepEqual(await faultOf(exportOf(forge(edited, 9), checkpoints)), at(9, 'mac'));
  const relabelled = edited.map((draft, i) => (i < 9 ? draft : { ...draft, epoch: 4 }));
  assert.deepEqual(await faultOf(exportOf(forge(relabelled, 9), checkpoints)), at(9, 'epoch'));
  const allToday = edited.map((draft) => ({ ...draft, epoch: 4 }));
  assert.deepEqual(await faultOf(exportOf(forge(allToday, 0), checkpoints)), at(0, 'epoch'));
});

test('a whole day taken out is found at its first entry, however well the rest is made anew with the key of today', async () => {
  const rest = drafts.toSpliced(8, 4);
  const removed = entries.toSpliced(8, 4);
  assert.deepEqual(await faultOf(exportOf(removed, checkpoints)), at(8, 'position'));
  assert.deepEqual(
    await faultOf(
      exportOf(
        removed.map((entry, seq) => ({ ...entry, seq })),
        checkpoints,
      ),
    ),
    at(8, 'epoch'),
  );
  const shifted = rest.map((draft, i) => (i < 8 ? draft : { ...draft, epoch: draft.epoch - 1 }));
  assert.deepEqual(await faultOf(exportOf(forge(shifted, 8), checkpoints)), at(8, 'mac'));
  assert.deepEqual(await faultOf(exportOf(forge(shifted, 8), checkpointsAt(rest, 8, 16))), at(8, 'mac'));
});

test('a forged day put in between is found at its first entry', async () => {
  const forgedDay = Array.from({ length: 4 }, (_, i) => ({ body: `{"forged":${i}}`, epoch: 2 }));
  const longer = [...drafts.slice(0, 8), ...forgedDay, ...drafts.slice(8).map((draft) => ({ ...draft, epoch: draft.epoch + 1 }))];
  assert.deepEqual(await faultOf(exportOf(forge(longer, 8), checkpointsAt(longer, 8, 24))), at(8, 'mac'));
  assert.deepEqual(await faultOf(exportOf(sealEntries(longer), checkpoints), {}), at(8, 'root', 19));
});

test("who has today's MAC key and the signing key can rewrite today, and is caught by a checkpoint that left the machine", async () => {
  const edited = drafts.with(17, { body: '{"amount":1}', epoch: 4 });
  const forged = exportOf(forge(edited, 17), checkpointsAt(edited, 20));
  assert.equal(await faultOf(forged), null);
  assert.deepEqual(await faultOf(forged, { macKey: firstMacKey, checkpoints: checkpointsAt(entries, 16, 18) }), at(16, 'root', 17));
});

test('a tail cut off together with its checkpoint is found by a later checkpoint', async () => {
  const cut = exportOf(entries.slice(0, 8), checkpoints.slice(0, 1));
  assert.equal(await faultOf(cut), null);
  assert.deepEqual(await faultOf(cut, { checkpoints: checkpointsAt(entries, 12) }), at(8, 'cut'));
  assert.deepEqual(await faultOf(exportOf(entries.slice(0, 12), checkpoints)), at(12, 'cut'));
});

test('entries after the last checkpoint are not accepted, although they continue the chain', async () => {
  assert.deepEqual(await faultOf(exportOf(entries, checkpoints.slice(0, 1))), at(8, 'uncovered'));
});

test('a log with another key or of another origin is refused, whatever it contains', async () => {
  const stranger = createSigner({ name: origin, privateKey: generateKeyPairSync('ed25519').privateKey });
  const header = { code: 'header', index: null, indexLast: null };
  const theirs = exportOf(entries, [checkpointOf(bodies, stranger)], stranger.verifierKeyText);
  assert.equal(await faultOf(theirs, {}), null);
  assert.deepEqual(await faultOf(theirs, { verifierKey: vkey }), header);
  assert.deepEqual(await faultOf(theirs, { checkpoints: [checkpoints[0]!] }), header);
  const renamed = Buffer.from(
    exportOf(entries, checkpoints).toString().replace(`"origin":"${origin}"`, '"origin":"audit.example/tenant/two"'),
  );
  assert.deepEqual(await faultOf(renamed), header);
  for (const bad of [
    Buffer.alloc(0),
    Buffer.from('\n'),
    Buffer.from('[]\n'),
    exportOf(entries, []),
    exportOf(entries, checkpoints.toReversed()),
  ]) {
    assert.deepEqual(await faultOf(bad), header);
  }
  await assert.rejects(check(theirs, { verifierKey: 'nonsense' }), { code: 'tlog.key_malformed' });
});

test('with a wrong first MAC key the very first entry is named', async () => {
  assert.deepEqual(await faultOf(exportOf(entries, checkpoints), { macKey: todaysKey }), at(0, 'mac'));
});

test('a check can stop at any entry and continue from what was kept', () => {
  let state = createLogState(origin, firstMacKey);
  for (const [i, entry] of entries.entries()) {
    assert.equal(checkEntry(state, { ...entry, body: 'other' })?.code, 'chain');
    assert.equal(checkEntry(state, entry), null);
    if (i === 9) state = { ...state, frontier: decodeFrontier(encodeFrontier(state.frontier)) };
  }
  assert.equal(state.frontier.size, 20);
  assert.equal(checkpointOf(bodies).includes(frontierRoot(state.frontier).toString('base64')), true);
});

test('a source without line ends is given up on instead of filling the memory, and a source given up on is closed', async () => {
  for (const chunk of [Buffer.alloc(65_536, 0x20), Buffer.from('no header\n')]) {
    let given = 0;
    let isClosed = false;
    async function* endless() {
      try {
        for (;;) {
          given += chunk.length;
          yield chunk;
        }
      } finally {
        isClosed = true;
      }
    }
    assert.equal((await verifyExport(endless())).fault?.code, 'header');
    assert.ok(given < 10_000_000 && isClosed);
  }
});
