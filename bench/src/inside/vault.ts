/** How fast notes of a large vault are found, listed and told of. Without HTTP; one process. */
import { sql } from 'kysely';
import { withTenant } from '../../../server/src/kernel/database/index.ts';
import { newId } from '../../../server/src/kernel/index.ts';
import { createVaultSearch } from '../../../server/src/trust/search/index.ts';
import { createVaultTrees, listChanges, writeNote } from '../../../server/src/trust/vault/index.ts';
import { type Held, watchLoop } from './held.ts';
import { openParts } from './parts.ts';

export interface VaultTask {
  readonly dataFolder: string;
  readonly notes: number;
}
export interface VaultFigures extends Held {
  readonly writeSeconds: number;
  /** The first search, which makes the index. */
  readonly firstMs: number;
  readonly searchMs: readonly number[];
  readonly indexBytes: number;
  readonly grownBytes: number;
  readonly treeMs: number;
  readonly changesMs: number;
}

const vocabulary = 30_000;
const wordsPerNote = 250;
const syllables = 'ka to mi len sor fra bu ti gel nor pa wis dru el ma ron she va lim qui'.split(' ');
/** Words of three to five syllables, each another. */
const words = Array.from({ length: vocabulary }, (_, n) => {
  const of = (power: number) => syllables[Math.floor(n / syllables.length ** power) % syllables.length] ?? '';
  return `${of(0)}${of(2)}${of(1)}${of(3)}`;
});
const searches = 200;

process.once('message', async (task: VaultTask) => {
  const parts = await openParts(task.dataFolder);
  const { keyring, database } = parts;
  const tenantId = newId('tenant');
  const inTenant = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
  await inTenant(async (tx) => {
    await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
    await sql`insert into tenant_queue (tenant_id, max_running) values (${tenantId}, 20)`.execute(tx);
    await keyring.provision(tx, tenantId);
  });
  const keys = await keyring.of(tenantId);
  const at = new Date();
  const began = performance.now();
  let state = 1;
  /** Small numbers far more often than large ones, as words are. */
  const word = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return words[Math.floor(vocabulary * (state / 2_147_483_648) ** 3)] ?? '';
  };
  for (let start = 0; start < task.notes; start += 100)
    await inTenant(async (tx) => {
      for (let n = start; n < Math.min(start + 100, task.notes); n += 1) {
        const content = `# Note ${n}\n\n${Array.from({ length: wordsPerNote }, word).join(' ')}\n`;
        await writeNote(tx, keys, { path: `Folder ${n % 200}/Note ${n}.md`, content, author: 'system:bench', trusted: true, at });
      }
    });
  const writeSeconds = (performance.now() - began) / 1_000;

  const memory = { app: database.app, keysOf: keyring.of, adopt: async () => undefined };
  const search = createVaultSearch(memory);
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const from = performance.now();
    await work();
    return performance.now() - from;
  };
  const before = process.memoryUsage().rss;
  const loop = watchLoop();
  const firstMs = await timed(() => search.search(tenantId, { text: words[17] ?? '', limit: 20, at }));
  const searchMs: number[] = [];
  for (let n = 0; n < searches; n += 1)
    searchMs.push(await timed(() => search.search(tenantId, { text: `${word()} ${n % 3 === 0 ? word() : ''}`, limit: 20, at })));
  const held = loop.stop();
  const grownBytes = process.memoryUsage().rss - before;
  const trees = createVaultTrees(memory);
  const treeMs = await timed(() => trees.of(tenantId, at));
  const changesMs = await timed(() => inTenant((tx) => listChanges(tx, keys, null, 1_000)));
  const figures: VaultFigures = { writeSeconds, firstMs, searchMs, ...held, indexBytes: search.bytes(), grownBytes, treeMs, changesMs };
  await parts.close();
  process.send?.(figures, () => process.exit(0));
});
