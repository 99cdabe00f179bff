import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { environmentOf, root } from './server-process.ts';

const commandMsMax = 600_000;

/** Runs `factotum WORDS --json` on the data folder, as a person would beside the server, and gives its answer. */
export async function factotum(folder: string, dataFolder: string, words: readonly string[]): Promise<unknown> {
  const args = ['--require', './scripts/compile-cache.cjs', 'server/src/main.ts', 'command', ...words, '--data', dataFolder, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: environmentOf({ folder }),
    timeout: commandMsMax,
    maxBuffer: 64_000_000,
  });
  const answer: unknown = JSON.parse(stdout);
  return answer;
}
