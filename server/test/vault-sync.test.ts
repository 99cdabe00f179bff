import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readConfig } from '#kernel';
import { type CommandDeps, runCommand } from '#surface/cli';
import { operatorParts } from '../src/operator.ts';
import { farSide, playbook, scriptedTool } from './flow/tools.ts';
import { testWebdav } from './webdav.ts';

/** The command against a server over the network, with the token of somebody's device. */
const { platform, http, send, buildCustomer, device, url } = await testWebdav({
  tools: () => [scriptedTool({ name: 'pay.it', effect: 'money', side: farSide(), reversible: false })],
});
const operator = operatorParts(platform, { address: () => null, publicUrl: () => 'http://127.0.0.1', onTenant: async () => undefined });
const root = await mkdtemp(join(tmpdir(), 'factotum-vault-sync-'));
after(() => rm(root, { recursive: true, force: true }));

interface Result {
  readonly uploaded: number;
  readonly downloaded: number;
  readonly moved: number;
  readonly deleted: number;
  readonly merged: number;
  readonly conflicts: readonly { readonly path: string; readonly kept: string }[];
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
}

/** A tenant, and a folder that is kept in step with its vault. */
async function build(permissions?: readonly string[]) {
  const customer = await buildCustomer();
  const token = await device(customer, permissions);
  const key = await customer.key();
  const place = await mkdtemp(join(root, 'place-'));
  const [folder, tokenFile] = [join(place, 'vault'), join(place, 'token')];
  await mkdir(folder);
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  const run = async (...words: string[]) =>
    answerOf(['vault', 'sync', folder, '--server', url, '--token-file', tokenFile, '--json', ...words]);
  /** As the operator at the machine. */
  const runHere = async () => answerOf(['vault', 'sync', folder, '--json', '--tenant', customer.name, '--data', join(place, 'data')]);
  async function answerOf(argv: readonly string[]) {
    let [out, err] = ['', ''];
    const deps = {
      configure: () => readConfig({ ...platform.environment, FACTOTUM_DATA: join(place, 'data'), FACTOTUM_LOG_LEVEL: 'silent' }),
      openAlone: async () => ({ fetch: http.fetchAs, operator, close: async () => undefined }),
      terminal: {
        out: (text: string) => {
          out += text;
        },
        err: (text: string) => {
          err += text;
        },
      },
      // What the other commands need is not asked for here.
    } as unknown as CommandDeps;
    const exit = await runCommand(argv, deps);
    return { exit, err, json: JSON.parse(out) as Result };
  }
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  };
  const address = (path: string) => `/api/v1/vault/notes/${encodeURIComponent(path)}` as const;
  const read = async (path: string) => {
    const answer = await send(`GET ${address(path)}`, { key });
    return { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag') ?? '' };
  };
  const put = async (path: string, text: string) => {
    const { status, etag } = await read(path);
    const headers: Record<string, string> = { 'content-type': 'text/markdown', ...(status === 200 ? { 'if-match': etag } : {}) };
    await send(`PUT ${address(path)}`, { key, body: text, headers });
  };
  const remove = (path: string) => send(`DELETE ${address(path)}`, { key });
  const paths = async () => {
    const found: string[] = [];
    for (const kind of ['notes', 'files'])
      for (let cursor: string | null = ''; cursor !== null; ) {
        const answer = await send(`GET /api/v1/vault/${kind}?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`, { key });
        const page = (await answer.json()) as { items: { path: string }[]; nextCursor: string | null };
        found.push(...page.items.map(({ path }) => path));
        cursor = page.nextCursor;
      }
    return found.sort();
  };
  const here = async () =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .filter((name) => !name.startsWith('.factotum/'))
      .sort();
  /** Every text of every note that there ever was. */
  const everything = async () => {
    const changes = (await (await send('GET /api/v1/vault/changes?limit=1000', { key })).json()) as {
      items: { id: string; kind: string }[];
    };
    const texts: string[] = [];
    for (const id of new Set(changes.items.filter(({ kind }) => kind === 'note').map((item) => item.id))) {
      const { items } = (await (await send(`GET /api/v1/vault/history/${id}?limit=100`, { key })).json()) as {
        items: { version: number; change: string }[];
      };
      for (const { version, change } of items)
        if (change !== 'deleted') texts.push(await (await send(`GET /api/v1/vault/history/${id}/versions/${version}`, { key })).text());
    }
    return texts;
  };
  return { customer, key, folder, run, runHere, write, read, put, remove, paths, here, everything };
}

test('a folder and a vault become the same, stay so, and a moved note keeps its history', async () => {
  const { folder, run, write, read, put, paths, here, key } = await build();
  await write('Clients/Müller & Söhne.md', 'one\ntwo\nthree\n');
  await writeFile(join(folder, 'scan.bin'), Buffer.from([0, 1, 2, 255]));
  const dry = await run('--dry-run');
  assert.deepEqual([dry.exit, (await paths()).includes('scan.bin')], [0, false]);
  const first = await run();
  assert.deepEqual([first.exit, first.json.uploaded, first.json.conflicts, first.json.skipped], [0, 2, [], []], first.err);
  assert.deepEqual(await here(), await paths());
  const again = await run();
  assert.deepEqual(again.json, { uploaded: 0, downloaded: 0, moved: 0, deleted: 0, merged: 0, conflicts: [], skipped: [] });

  await write('Clients/Müller & Söhne.md', 'ONE\ntwo\nthree\n');
  await put('Clients/Müller & Söhne.md', 'one\ntwo\nTHREE\n');
  assert.equal((await run()).json.merged, 1);
  assert.equal((await read('Clients/Müller & Söhne.md')).text, 'ONE\ntwo\nTHREE\n');
  assert.equal(await readFile(join(folder, 'Clients/Müller & Söhne.md'), 'utf8'), 'ONE\ntwo\nTHREE\n');

  await mkdir(join(folder, 'Old'));
  await rename(join(folder, 'Clients/Müller & Söhne.md'), join(folder, 'Old/Müller.md'));
  assert.equal((await run()).json.moved, 1);
  const history = await send(`GET /api/v1/vault/history?path=${encodeURIComponent('Old/Müller.md')}`, { key });
  const { items } = (await history.json()) as { items: { change: string }[] };
  assert.deepEqual(
    items.map(({ change }) => change),
    ['moved', 'written', 'written', 'written'],
  );
  await rm(join(folder, 'scan.bin'));
  assert.equal((await run()).json.deleted, 1);
  assert.deepEqual(await here(), await paths());
});

test('moving a pending note to Approved/ decides as the person of the device; an altered one decides nothing', async () => {
  const { customer, folder, run, here, key } = await build();
  const { tenantId } = customer;
  const stateOf = async (id: string) =>
    (await (await send(`GET /api/v1/approvals/${id}`, { key })).json()) as { state: string; decidedBy: string };
  await send(`PUT /api/v1/vault/notes/${encodeURIComponent('Playbooks/Pay.md')}`, {
    ...{ key, body: playbook([{ id: 'one', tool: 'pay.it' }]), headers: { 'content-type': 'text/markdown' } },
  });
  const worker = await platform.startWorker();
  const pending = async () => {
    const taskId = await platform.send(tenantId, { amount: 5 });
    const { approvals } = await platform.until(tenantId, taskId, 'waiting');
    return approvals[0]?.approvalId ?? '';
  };
  const [one, two] = [await pending(), await pending()];
  await worker.stop();
  assert.equal((await run()).exit, 0);
  const nameOf = async (id: string) => (await here()).find((name) => name.startsWith('Pending_Approval/') && name.includes(id)) ?? '';
  await mkdir(join(folder, 'Approved'), { recursive: true });
  const altered = await nameOf(two);
  await chmod(join(folder, altered), 0o644);
  await writeFile(join(folder, altered), `${await readFile(join(folder, altered), 'utf8')}\nand more`);
  for (const name of [await nameOf(one), altered])
    await rename(join(folder, name), join(folder, name.replace('Pending_Approval/', 'Approved/')));
  const { json } = await run();
  const decided = await stateOf(one);
  assert.equal(decided.state, 'approved', JSON.stringify(json));
  assert.match(decided.decidedBy, /^user:usr_/);
  assert.equal((await stateOf(two)).state, 'waiting');
  assert.ok((await here()).includes(altered), 'the question is back');
  assert.deepEqual([json.conflicts.length, (await here()).filter((name) => name.startsWith('Conflicts/')).length], [1, 1]);
});

test('a device that may only read takes what is there and says what it could not send', async () => {
  const { folder, run, write, put } = await build(['vault:read']);
  await put('there.md', 'there');
  await write('here.md', 'here');
  const { exit, json } = await run();
  assert.deepEqual([exit, json.skipped.map(({ path }) => path), json.uploaded], [1, ['here.md'], 0]);
  assert.equal(await readFile(join(folder, 'there.md'), 'utf8'), 'there');
});

test('at the machine no token is needed, and the vault is the same one', async () => {
  const { run, runHere, write, paths, here } = await build();
  await write('here.md', 'here');
  const first = await runHere();
  assert.deepEqual([first.exit, first.json.uploaded], [0, 1], first.err);
  assert.deepEqual(await here(), await paths());
  assert.deepEqual((await run()).json.downloaded, 0);
});

test('a folder that is not there, an address without encryption and a token on the command line are wrong usage', async () => {
  const { folder, run } = await build();
  assert.equal((await run('--server', 'http://factotum.example.com')).exit, 2);
  assert.equal((await run('--token', 'secret')).exit, 2);
  await rm(folder, { recursive: true });
  assert.equal((await run()).exit, 2);
});

const names = ['a.md', 'b.md', 'd/c.md'] as const;
const step = fc.oneof(
  fc.record({ do: fc.constant('write' as const), here: fc.boolean(), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('remove' as const), here: fc.boolean(), name: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('move' as const), name: fc.constantFrom(...names), to: fc.constantFrom(...names) }),
  fc.record({ do: fc.constant('sync' as const) }),
);

test('whatever people do on both sides, folder and server become equal and no writing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
      const { folder, run, write, read, put, remove, paths, here, everything } = await build();
      const last = new Map<string, string>();
      let count = 0;
      for (const one of steps)
        if (one.do === 'sync') await run();
        else if (one.do === 'write') {
          count += 1;
          if (one.here) last.set(one.name, `text ${count}`);
          await (one.here ? write : put)(one.name, `text ${count}`);
        } else if (one.do === 'remove') {
          if (one.here) last.delete(one.name);
          await (one.here ? rm(join(folder, one.name), { force: true }) : remove(one.name));
        } else if ((await here()).includes(one.name) && !(await here()).includes(one.to)) {
          await mkdir(dirname(join(folder, one.to)), { recursive: true });
          await rename(join(folder, one.name), join(folder, one.to));
          const text = last.get(one.name);
          last.delete(one.name);
          if (text !== undefined) last.set(one.to, text);
        }
      await run();
      const quiet = (await run()).json;
      assert.deepEqual(quiet, { uploaded: 0, downloaded: 0, moved: 0, deleted: 0, merged: 0, conflicts: [], skipped: [] });
      assert.deepEqual(await here(), await paths());
      const texts = await Promise.all((await here()).map((name) => readFile(join(folder, name), 'utf8')));
      for (const [at, name] of (await here()).entries()) assert.equal((await read(name)).text, texts[at], name);
      const kept = new Set([...texts, ...(await everything())]);
      for (const text of last.values()) assert.ok(kept.has(text), `${text} is lost`);
    }),
    { numRuns: 6 },
  );
});
