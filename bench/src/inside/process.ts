import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * Runs one of the programs of this folder, which work on the product's parts without HTTP, in a process of its own.
 *
 * @returns what it sends back; it sends one message and ends.
 */
export async function runInside(
  program: 'audit-log' | 'backup' | 'connections' | 'sealing' | 'seed-figures' | 'seed-people' | 'seed-tasks' | 'vault',
  task: object,
): Promise<unknown> {
  const child = fork(join(import.meta.dirname, `${program}.ts`), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  child.send(task);
  const [answer] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`${program} ended with ${code}.`);
    }),
  ]);
  return answer;
}
