import { pipeline } from 'node:stream/promises';
import { FactotumError, isFactotumError } from '#kernel';
import { exactly } from './bound.ts';
import { chunkName, readChunk } from './chunk-store.ts';
import { countRows, newTally } from './cut.ts';
import { blobName } from './make.ts';
import { type Manifest, readManifest } from './manifest.ts';
import type { Repository } from './repository.ts';
import { plainName } from './tables.ts';

/** What examining a backup came to. */
export interface Verified {
  readonly id: string;
  readonly ok: boolean;
  /** In words, the first hundred. */
  readonly faults: readonly string[];
  readonly madeAt: string | null;
  readonly tables: number;
  readonly rows: number;
  readonly chunks: number;
  readonly blobs: number;
  /** Whether every piece was opened, or only looked for. */
  readonly deep: boolean;
}

const faultsMax = 100;

/**
 * Examines a backup without a database: that its manifest is the one that was signed and noted, and that everything it needs is there; with
 * `deep` also that every piece opens, holds what its name says, and together the rows that the manifest counts. Memory for one piece.
 *
 * @param noted - SHA-256 of the sealed manifest, as the journal has it; undefined when nobody has noted it
 * @param onChunk - told after each piece. What it throws ends the examination.
 * @throws FactotumError `storage.unavailable`: then it was not judged.
 */
export async function verifyBackup(
  repository: Repository,
  id: string,
  { deep, noted, onChunk }: { deep: boolean; noted: Buffer | undefined; onChunk: (chunks: number) => Promise<void> },
): Promise<Verified> {
  const faults: string[] = [];
  const say = (fault: string) => {
    if (faults.length < faultsMax) faults.push(fault);
  };
  let manifest: Awaited<ReturnType<typeof readManifest>>;
  try {
    manifest = await readManifest(repository, id);
  } catch (error) {
    const fault = manifestFault(error, noted !== undefined);
    if (fault === null) throw error;
    return { id, ok: false, faults: [fault], madeAt: null, tables: 0, rows: 0, chunks: 0, blobs: 0, deep };
  }
  if (noted !== undefined && !noted.equals(manifest.sealedSha256))
    say('Its manifest is not the one that was made: somebody put another in its place.');
  let chunks = 0;
  const passed = () => {
    chunks += 1;
    return onChunk(chunks);
  };
  for (const table of manifest.tables) await verifyTable(repository, table, { deep, say, passed });
  for (const blob of manifest.blobs) {
    await verifyBlob(repository, blob, deep, say);
    await passed();
  }
  return {
    id,
    ok: faults.length === 0,
    faults,
    madeAt: manifest.madeAt,
    tables: manifest.tables.length,
    rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    chunks: manifest.tables.reduce((sum, table) => sum + table.chunks.length, 0),
    blobs: manifest.blobs.length,
    deep,
  };
}

/** What is wrong with the backup itself, in words; null for what says nothing about it. */
function manifestFault(error: unknown, isNoted: boolean): string | null {
  if (isFactotumError(error, 'backup.not_found'))
    return isNoted ? 'It was made and is not in the repository any more: somebody removed it, or put the repository back.' : null;
  return error instanceof FactotumError && error.code === 'backup.invalid' ? error.message : null;
}

async function verifyTable(
  repository: Repository,
  table: Manifest['tables'][number],
  { deep, say, passed }: { deep: boolean; say: (fault: string) => void; passed: () => Promise<void> },
): Promise<void> {
  const tally = newTally();
  for (const id of table.chunks) {
    const fault = deep
      ? await readFault(async () => countRows(await readChunk(repository, id), tally))
      : await absence(repository, chunkName(id));
    if (fault !== null) say(`${plainName(table)}: ${fault}`);
    await passed();
  }
  if (deep && (tally.rows !== table.rows || tally.digest !== table.digest)) say(`${plainName(table)}: other rows than the manifest says.`);
}

async function verifyBlob(
  repository: Repository,
  blob: Manifest['blobs'][number],
  deep: boolean,
  say: (fault: string) => void,
): Promise<void> {
  const name = blobName(blob.name);
  const there = await repository.storage.stat(name);
  if (there?.bytes !== blob.bytes) return say(`The object ${blob.name} is ${there === null ? 'missing' : 'of another size'}.`);
  if (!deep) return;
  const fault = await readFault(async () => pipeline(await repository.storage.get(name), exactly(blob).resume()));
  if (fault !== null) say(`The object ${blob.name} was changed.`);
}

const absence = async ({ storage }: Repository, name: string): Promise<string | null> =>
  (await storage.stat(name)) === null ? `the piece ${name.slice(name.lastIndexOf('/') + 1).slice(0, 12)} is missing.` : null;

async function readFault(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof RangeError || (error instanceof FactotumError && error.code === 'backup.invalid')) return error.message;
    throw error;
  }
}
