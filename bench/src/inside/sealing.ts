/** How fast one core seals and opens, and how fast a rotation seals rows anew. Without HTTP; one process. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { withTenant } from '../../../server/src/kernel/database/index.ts';
import { newId } from '../../../server/src/kernel/index.ts';
import { columnTargets } from '../../../server/src/trust/encryption/column-target.ts';
import { createKeyGenerations, createLocalKek, onlyKek } from '../../../server/src/trust/key/index.ts';
import { openParts } from './parts.ts';

export interface SealingTask {
  readonly dataFolder: string;
  readonly keyFolder: string;
  /** How long each of the four loops lasts, in milliseconds. */
  readonly loopMs: number;
  readonly rows: number;
}
export interface SealingFigures {
  readonly sealPerSecond: number;
  readonly openPerSecond: number;
  readonly sealMegabytesPerSecond: number;
  readonly openMegabytesPerSecond: number;
  readonly resealed: number;
  readonly resealSeconds: number;
}

const smallBytes = 2_048;
const largeBytes = 8 * 1024 * 1024;
const ref = { kind: 'note', id: 'bench', version: 1 };

process.once('message', async (task: SealingTask) => {
  const parts = await openParts(task.dataFolder);
  const { keyring, database } = parts;
  const tenantId = newId('tenant');
  const inTenant = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
  await inTenant(async (tx) => {
    await sql`insert into tenant (tenant_id, name) values (${tenantId}, ${tenantId})`.execute(tx);
    await keyring.provision(tx, tenantId);
  });
  const keys = await keyring.of(tenantId);
  const perSecond = (work: () => void): number => {
    const [startedAt, endAt] = [performance.now(), performance.now() + task.loopMs];
    let count = 0;
    while (performance.now() < endAt) for (let bite = 0; bite < 4; bite += 1, count += 1) work();
    return (count * 1_000) / (performance.now() - startedAt);
  };
  const [small, large] = [randomBytes(smallBytes), randomBytes(largeBytes)];
  const [sealedSmall, sealedLarge] = [keys.seal('content', ref, small), keys.seal('content', ref, large)];
  const figures = {
    sealPerSecond: perSecond(() => void keys.seal('content', ref, small)),
    openPerSecond: perSecond(() => void keys.open('content', ref, sealedSmall)),
    sealMegabytesPerSecond: (perSecond(() => void keys.seal('content', ref, large)) * largeBytes) / 1e6,
    openMegabytesPerSecond: (perSecond(() => void keys.open('content', ref, sealedLarge)) * largeBytes) / 1e6,
  };

  await inTenant(async (tx) => {
    for (let version = 1; version <= task.rows; version += 1)
      await sql`insert into policy (tenant_id, version, body, author)
        values (${tenantId}, ${version}, ${keys.seal('content', { kind: 'policy', id: tenantId, version }, small)}, 'system:bench')`.execute(
        tx,
      );
  });
  const kek = await createLocalKek({ folder: task.keyFolder, tenantsExist: async () => true });
  const generations = createKeyGenerations({ db: database.app.db, keks: onlyKek(kek) });
  const generation = await inTenant((tx) => generations.announce(tx, tenantId));
  await inTenant((tx) => generations.activate(tx, tenantId, generation));
  await keyring.refresh(tenantId);
  const target = columnTargets(database).find(({ name }) => name === 'app.policy.body');
  const { signal } = new AbortController();
  const startedAt = performance.now();
  let resealed = 0;
  for (let after: readonly string[] | null = null; target !== undefined; ) {
    const piece = await target.reseal({ tenantId, generation, keysOf: keyring.of, after, signal });
    resealed += piece.resealed;
    if (piece.after === null) break;
    after = piece.after;
  }
  const answer: SealingFigures = { ...figures, resealed, resealSeconds: (performance.now() - startedAt) / 1_000 };
  await parts.close();
  process.send?.(answer, () => process.exit(0));
});
