import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { memorySide } from './memory-side.ts';
import { type SyncOptions, type SyncReport, sync, Unclear } from './run.ts';
import { keepInStep } from './watch.ts';

const root = await mkdtemp(join(tmpdir(), 'factotum-sync-'));
after(() => rm(root, { recursive: true, force: true }));

/** A folder and a vault, and what happens to them. */
async function pair() {
  const folder = await mkdtemp(join(root, 'folder-'));
  const vault = memorySide();
  const options: SyncOptions = {
    ...{ folder, there: vault.side, vault: 'one', allowDeletions: false, say: () => undefined },
    now: () => new Date(2026, 10, 22, 20, 30),
  };
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  };
  return {
    folder,
    vault,
    options,
    write,
    run: (more: Partial<SyncOptions> = {}) => sync({ ...options, ...more }),
    texts: () => textsIn(folder),
  };
}

async function textsIn(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = new Map<string, string>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const name = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (!name.startsWith('.factotum/')) texts.set(name, await readFile(join(folder, name), 'utf8'));
  }
  return texts;
}

const sorted = (texts: Map<string, string>) => [...texts].sort();
const counts = ({ uploaded, downloaded, moved, deleted, merged }: SyncReport) => ({ uploaded, downloaded, moved, deleted, merged });
const nothing = { uploaded: 0, downloaded: 0, moved: 0, deleted: 0, merged: 0 };

test('what is on one side alone comes to the other, and then nothing is left to do', async () => {
  const { vault, write, run, texts } = await pair();
  await write('Notes/here.md', 'here');
  vault.put('Notes/there.md', 'there');
  assert.deepEqual(counts(await run()), { ...nothing, uploaded: 1, downloaded: 1 });
  assert.deepEqual(sorted(await texts()), sorted(vault.texts()));
  assert.deepEqual(counts(await run()), nothing);
});

test('changes that lie apart are merged, also after the program died between its two writings', async () => {
  const { vault, write, run, texts } = await pair();
  await write('a.md', 'one\ntwo\nthree\nfour\n');
  await run();
  await write('a.md', 'ONE\ntwo\nthree\nfour\n');
  vault.put('a.md', 'one\ntwo\nthree\nFOUR\n');
  assert.equal((await run()).merged, 1);
  assert.equal(vault.texts().get('a.md'), 'ONE\ntwo\nthree\nFOUR\n');
  assert.deepEqual(sorted(await texts()), sorted(vault.texts()));
});

test('changes of the same lines are both kept, on both sides', async () => {
  const { vault, write, run, texts } = await pair();
  await write('Notes/a.md', 'one\n');
  await run();
  await write('Notes/a.md', 'mine\n');
  vault.put('Notes/a.md', 'theirs\n');
  const kept = 'Notes/a (conflict 2026-11-22 2030).md';
  assert.deepEqual((await run()).conflicts, [{ path: 'Notes/a.md', kept }]);
  assert.deepEqual(
    sorted(await texts()),
    [
      [kept, 'mine\n'],
      ['Notes/a.md', 'theirs\n'],
    ].sort(),
  );
  assert.deepEqual(sorted(vault.texts()), sorted(await texts()));
});

test('a deletion goes over, but not over a change', async () => {
  const { folder, vault, write, run, texts } = await pair();
  for (const name of ['gone-here.md', 'gone-there.md', 'kept-here.md', 'kept-there.md']) await write(name, name);
  await run();
  for (const name of ['gone-here.md', 'kept-there.md']) await unlink(join(folder, name));
  for (const name of ['gone-there.md', 'kept-here.md']) vault.remove(name);
  await write('kept-here.md', 'changed');
  vault.put('kept-there.md', 'changed');
  assert.equal((await run()).deleted, 2);
  assert.deepEqual(sorted(await texts()), [
    ['kept-here.md', 'changed'],
    ['kept-there.md', 'changed'],
  ]);
  assert.deepEqual(sorted(vault.texts()), sorted(await texts()));
});

test('a moved note stays the same note, moved here or there, changed or not', async () => {
  const { folder, vault, write, run, texts } = await pair();
  for (const name of ['a.md', 'b.md', 'c.md']) await write(name, `${name}\n`);
  await run();
  const ids = ['a.md', 'b.md', 'c.md'].map(vault.idAt);
  await mkdir(join(folder, 'Archive'));
  await rename(join(folder, 'a.md'), join(folder, 'Archive/a.md'));
  await rename(join(folder, 'b.md'), join(folder, 'Archive/b.md'));
  await write('Archive/b.md', 'b.md\nand more\n');
  vault.move('c.md', 'Archive/c.md');
  const report = await run();
  assert.deepEqual(counts(report), { ...nothing, moved: 3, uploaded: 1 });
  assert.deepEqual(['Archive/a.md', 'Archive/b.md', 'Archive/c.md'].map(vault.idAt), ids);
  assert.deepEqual(sorted(await texts()), sorted(vault.texts()));
  assert.equal(vault.texts().get('Archive/b.md'), 'b.md\nand more\n');
});

test('more than half gone at once is not believed, on neither side', async () => {
  const { folder, vault, write, run, options } = await pair();
  for (let at = 0; at < 24; at += 1) await write(`n${at}.md`, `${at}`);
  await run();
  for (let at = 0; at < 13; at += 1) await rm(join(folder, `n${at}.md`));
  await assert.rejects(run(), Unclear);
  assert.equal(vault.texts().size, 24);
  assert.equal((await sync({ ...options, allowDeletions: true })).deleted, 13);
  assert.equal(vault.texts().size, 11);
});

test('names that the vault does not take come back under their own', async () => {
  const { vault, folder, write, run, texts } = await pair();
  const long = `${'ä'.repeat(110)}.md`;
  const names = ['what: a "name"?.md', 'CON.md', 'trailing. ', 'a:b/new.md', long, 'Case.md', 'case.md', 'Zoe\u0308.md'];
  for (const name of names) await write(name, name);
  await run();
  const paths = [...vault.texts().keys()];
  assert.equal(paths.length, names.length);
  assert.ok(
    paths.includes('what： a ＂name＂？.md') && paths.includes('ＣON.md') && paths.includes('case (2).md') && paths.includes('Zoë.md'),
    paths.join(' '),
  );
  for (const path of paths) vault.put(path, `${vault.texts().get(path)} changed`);
  vault.put('a：b/other.md', 'goes where the others are');
  assert.equal((await run()).downloaded, names.length + 1);
  assert.deepEqual([...(await texts()).keys()].sort(), [...names, 'a:b/other.md'].sort());
  for (const name of names) assert.equal(await readFile(join(folder, name), 'utf8'), `${name} changed`);
  await rm(join(folder, '.factotum'), { recursive: true });
  assert.deepEqual(counts(await run()), nothing, 'without its memory it finds the same names');
});

test('links, hidden and unfinished files and what is to be ignored stay where they are, and a link is no deletion', async () => {
  const { folder, vault, write, run, texts } = await pair();
  await write('kept.md', 'x');
  await run();
  await rm(join(folder, 'kept.md'));
  await symlink('/etc/passwd', join(folder, 'kept.md'));
  for (const name of ['.obsidian/app.json', '.trash/a.md', '.DS_Store', 'a.tmp', 'private/a.md', 'deep/x.log']) await write(name, 'x');
  await write('.factotumignore', '# mine\nprivate/\n*.log\n');
  vault.put('private/b.md', 'not for this folder');
  const report = await run();
  assert.deepEqual(counts(report), nothing);
  assert.deepEqual(
    report.skipped.map(({ path, fault }) => [path, fault]),
    [['kept.md', false]],
  );
  assert.deepEqual([...vault.texts().keys()].sort(), ['kept.md', 'private/b.md']);
  assert.ok(!(await texts()).has('private/b.md'));
});

test('a drawn note is read only, comes back, and what somebody wrote into it is kept', async () => {
  const { folder, vault, write, run, texts } = await pair();
  vault.put('Dashboard.md', 'drawn', 'generated');
  await run();
  assert.equal((await stat(join(folder, 'Dashboard.md'))).mode & 0o222, 0);
  await rm(join(folder, 'Dashboard.md'));
  assert.equal((await run()).downloaded, 1);
  await rm(join(folder, 'Dashboard.md'));
  await write('Dashboard.md', 'my words');
  vault.put('Dashboard.md', 'drawn anew', 'generated');
  const report = await run();
  assert.deepEqual(report.conflicts, [{ path: 'Dashboard.md', kept: 'Conflicts/Dashboard (conflict 2026-11-22 2030).md' }]);
  assert.equal((await texts()).get('Dashboard.md'), 'drawn anew');
  assert.equal(vault.texts().get('Conflicts/Dashboard (conflict 2026-11-22 2030).md'), 'my words');
});

test('a folder is kept in step with one vault', async () => {
  const { run, options } = await pair();
  await run();
  await assert.rejects(sync({ ...options, vault: 'two' }), Unclear);
});

test('what is watched follows both sides until it is stopped', async () => {
  const { vault, write, options } = await pair();
  const stop = new AbortController();
  const reports: SyncReport[] = [];
  let atReport = (): void => undefined;
  const watching = keepInStep({
    ...{ ...options, signal: stop.signal },
    onRun: (report) => {
      reports.push(report);
      if (vault.texts().has('later.md')) stop.abort();
      atReport();
    },
  });
  await new Promise<void>((resolve) => {
    atReport = resolve;
  });
  atReport = () => undefined;
  await write('later.md', 'x');
  // A hint is not promised; the look every 30 seconds is.
  await watching;
  assert.ok(reports.length > 1);
  assert.equal(vault.texts().get('later.md'), 'x');
});

/** What somebody writes over or deletes in the folder before it was ever sent is theirs to lose. */
function forget(written: Set<string>, before: string | undefined, now: string): void {
  const kept = new Set(now.split('\n'));
  for (const mark of before?.split('\n') ?? []) if (!kept.has(mark)) written.delete(mark);
}

const names = ['a.md', 'b.md', 'd/a.md', 'd/c.md', 'd/e/f.md'] as const;
const line = fc.constantFrom('one', 'two', 'three');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), here: fc.boolean(), name: fc.constantFrom(...names), line }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      here: fc.boolean(),
      name: fc.constantFrom(...names),
      to: fc.constantFrom(...names),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), here: fc.boolean(), name: fc.constantFrom(...names) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('sync' as const), dieAfter: fc.option(fc.nat(4)), saveEveryMs: fc.constantFrom(0, 60_000) }),
  },
);

test('whatever people do on both sides and wherever the program dies, both become equal and no writing is lost', async (t) => {
  let [runs, deaths, conflicts, merged, moved] = [0, 0, 0, 0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      runs += 1;
      const { folder, vault, write, run, texts } = await pair();
      const written = new Set<string>();
      let count = 0;
      /** Changes one of three lines, so that some changes can be merged and some cannot; every writing has a line of its own. */
      const textOf = (before: string | undefined, changed: string) => {
        const lines = (before ?? 'one\n-\ntwo\n-\nthree\n').split('\n');
        count += 1;
        const at = { one: 0, two: 2, three: 4 }[changed] ?? 0;
        lines[at] = `${changed} ${count}`;
        return { text: lines.join('\n'), mark: `${changed} ${count}` };
      };
      for (const one of steps) {
        if (one.do === 'sync') {
          let left = one.dieAfter;
          await run({
            atOnce: 1,
            saveEveryMs: one.saveEveryMs,
            onAction: () => {
              if (left === null) return;
              if (left === 0) throw new Error('the program dies');
              left -= 1;
            },
          }).catch((error: Error) => {
            deaths += 1;
            if (error.message !== 'the program dies') throw error;
          });
          continue;
        }
        const [mine, theirs] = [await texts(), vault.texts()];
        if (one.do === 'write') {
          const { text, mark } = textOf((one.here ? mine : theirs).get(one.name), one.line);
          if (one.here) {
            forget(written, mine.get(one.name), text);
            await write(one.name, text);
          } else vault.put(one.name, text);
          written.add(mark);
        } else if (one.do === 'remove') {
          if (one.here) {
            forget(written, mine.get(one.name), '');
            await rm(join(folder, one.name), { force: true });
          } else vault.remove(one.name);
        } else if (one.here) {
          if (!mine.has(one.name) || mine.has(one.to)) continue;
          await mkdir(dirname(join(folder, one.to)), { recursive: true });
          await rename(join(folder, one.name), join(folder, one.to));
        } else vault.move(one.name, one.to);
      }
      let last = await run();
      [conflicts, merged, moved] = [conflicts + last.conflicts.length, merged + last.merged, moved + last.moved];
      last = await run();
      assert.deepEqual({ ...counts(last), skipped: last.skipped, conflicts: last.conflicts }, { ...nothing, skipped: [], conflicts: [] });
      assert.deepEqual(sorted(await texts()), sorted(vault.texts()));
      const everything = [...vault.everything(), ...(await texts()).values()].join('\n').split('\n');
      for (const mark of written) assert.ok(everything.includes(mark), `${mark} is lost`);
      await rm(folder, { recursive: true });
    }),
    { numRuns: 150 },
  );
  t.diagnostic(`${runs} histories, ${deaths} deaths; the last runs alone: ${conflicts} conflicts, ${merged} merges, ${moved} moves`);
});

test('a vault of 10,000 notes is kept in step', async (t) => {
  const { vault, write, run } = await pair();
  const count = 10_000;
  for (let at = 0; at < count; at += 100)
    await Promise.all(Array.from({ length: 100 }, (_, more) => write(`Notes/${more}/n${at + more}.md`, `# Note ${at + more}\n`)));
  const figures: string[] = [];
  const timed = async (what: string, expected: Partial<typeof nothing>) => {
    const startedAtMs = performance.now();
    const report = await run();
    figures.push(`${what} ${Math.round(performance.now() - startedAtMs)} ms`);
    assert.deepEqual(counts(report), { ...nothing, ...expected });
  };
  await timed('all uploaded', { uploaded: count });
  await timed('nothing to do', {});
  for (let at = 0; at < 100; at += 1) {
    await write(`Notes/${at}/n${at}.md`, 'changed here');
    vault.put(`Notes/${at}/n${at + 100}.md`, 'changed there');
  }
  await timed('100 changed on each side', { uploaded: 100, downloaded: 100 });
  assert.equal(vault.texts().size, count);
  t.diagnostic(`${count} notes against a vault in memory: ${figures.join(', ')}`);
});
