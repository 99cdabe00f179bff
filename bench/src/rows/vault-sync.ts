import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { factotum } from '../command.ts';
import type { Row } from '../row.ts';
import { type Tenant, unlimited } from '../tenant.ts';

const notes = 10_000;
const folders = 100;
const wordsEach = 150;

export const vaultSyncRows: readonly Row[] = [
  {
    row: 'vault_sync_s',
    unit: 's',
    budget: null,
    about: 'a folder of 10,000 notes of a kilobyte goes to an empty vault, by `factotum vault sync` over HTTP with a token',
    async measure(bench) {
      const place = await bench.freshServer();
      const [tenant] = await bench.tenants(place, [unlimited]);
      if (tenant === undefined) throw new Error('There is no tenant.');
      const [first, second] = [join(place.folder, 'first'), join(place.folder, 'second')];
      await writeNotes(first);
      await mkdir(second);
      const tokenFile = join(place.folder, 'token');
      await writeFile(tokenFile, tenant.key, { mode: 0o600 });
      const timed = (folder: string) => sync(place.server.dataFolder, tenant, { folder, tokenFile });
      const [up, idle, down] = [await timed(first), await timed(first), await timed(second)];
      await place.server.stop();
      return { value: up.seconds, detail: { notes, up, idle, down } };
    },
  },
];

async function writeNotes(folder: string): Promise<void> {
  for (let at = 0; at < folders; at += 1) {
    await mkdir(join(folder, `Folder ${at}`), { recursive: true });
    for (let more = 0; more < notes / folders; more += 1) {
      const number = at * (notes / folders) + more;
      const words = Array.from({ length: wordsEach }, (_, word) => `w${(number * 31 + word * 17) % 5_000}`);
      await writeFile(join(folder, `Folder ${at}`, `Note ${number}.md`), `# Note ${number}\n\n${words.join(' ')}\n`);
    }
  }
}

/** One run of the command, with what it says that it did. */
async function sync(dataFolder: string, { url }: Tenant, { folder, tokenFile }: { folder: string; tokenFile: string }) {
  const startedAt = performance.now();
  const did = await factotum(dataFolder, ['vault', 'sync', folder, '--server', url, '--token-file', tokenFile]);
  return { seconds: (performance.now() - startedAt) / 1_000, did };
}
