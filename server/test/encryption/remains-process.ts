/**
 * A process that has just started on what another has left: it tries to open what was destroyed, opens what was not, and writes everything that is
 * in its memory into a file. It says on stdout what came of it.
 */
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { writeHeapSnapshot } from 'node:v8';
import { createLogger, type Id, isFactotumError, readConfig } from '#kernel';
import { openPlatform } from '../../src/platform.ts';

/** What the parent writes on the command line. */
export interface RemainsOrder {
  readonly environment: Record<string, string>;
  readonly objects: readonly SealedObject[];
  /** Where the memory goes. */
  readonly image: string;
}

export interface SealedObject {
  readonly tenantId: Id<'tenant'>;
  readonly id: string;
  /** In hex. */
  readonly sealed: string;
}

// Written by the test that starts this process.
const order = JSON.parse(process.argv[2] ?? '{}') as RemainsOrder;
const platform = await openPlatform({
  config: readConfig(order.environment),
  log: createLogger({ level: 'fatal' }),
  onProgress: () => undefined,
  publicOrigins: () => ['http://127.0.0.1:4310'],
  onWork: () => undefined,
});
const opened: Buffer[] = [];
const said: string[] = [];
for (const { tenantId, id, sealed } of order.objects)
  try {
    opened.push((await platform.keyring.of(tenantId)).open('content', { kind: 'note', id }, Buffer.from(sealed, 'hex')));
    said.push('opened');
  } catch (error) {
    said.push(isFactotumError(error) ? error.code : String(error));
  }
if (process.platform === 'linux') await writeMemory(order.image);
else writeHeapSnapshot(order.image);
await platform.close();
// What was opened is in use to here, so it was in memory all the time.
process.stdout.write(JSON.stringify({ said, bytes: opened.reduce((sum, { length }) => sum + length, 0) }));

/** Everything that this process can write to: heap, stacks, buffers, what libraries keep. */
async function writeMemory(path: string): Promise<void> {
  const maps = await readFile('/proc/self/maps', 'utf8');
  const image = await open(path, 'wx', 0o600);
  for (const line of maps.split('\n')) {
    const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    if (start === '' || line.includes('[v')) continue;
    const [from, to] = [Number.parseInt(start, 16), Number.parseInt(end, 16)];
    try {
      for await (const piece of createReadStream('/proc/self/mem', { start: from, end: to - 1 })) await image.write(piece);
    } catch {
      // Given back to the system since the list was read.
    }
  }
  await image.close();
}
