import { readConfig } from '../../server/src/kernel/index.ts';
import { runCommand } from '../../server/src/surface/cli/index.ts';

/**
 * Runs `factotum WORDS --json` beside the server and gives its answer. It is the command itself, without a process of its own: fifty
 * tenants would spend a minute on starting Node.
 *
 * @throws Error with what the command said when it did not end well.
 */
export async function factotum(dataFolder: string, words: readonly string[]): Promise<unknown> {
  let out = '';
  let err = '';
  const needsServer = () => Promise.reject(new Error('There is no server to talk to.'));
  const exit = await runCommand([...words, '--data', dataFolder, '--json'], {
    configure: (given) => readConfig({ FACTOTUM_DATA: given.dataFolder ?? dataFolder }),
    openAlone: needsServer,
    prepareDatabase: needsServer,
    keyFolder: () => dataFolder,
    openArchive: needsServer,
    restore: needsServer,
    restoreKeys: needsServer,
    environment: {},
    terminal: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      input: async () => new Uint8Array(),
    },
  });
  if (exit !== 0) throw new Error(`factotum ${words.join(' ')} ended with ${exit}: ${err}${out}`);
  const answer: unknown = JSON.parse(out);
  return answer;
}
