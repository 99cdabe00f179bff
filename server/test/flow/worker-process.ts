/**
 * A worker in a process of its own, on a platform that another process has made. It says `working` on stdout once it claims tasks, and
 * works until it is killed. Beside the product's own tools of the vault it has `ledger.add`, the far side of the tests: a file that is
 * appended to, which would show a second effect as a second line.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { vaultTools } from '#connector/vault';
import { createLogger, readConfig } from '#kernel';
import { createWorker, openPlatform } from '../../src/platform.ts';
import { believeNames } from '../platform.ts';
import { ledgerTool } from './ledger.ts';

// Written by the test that starts this process.
const { environment, ledger } = JSON.parse(process.argv[2] ?? '{}') as { environment: Record<string, string>; ledger: string };
const platform = await openPlatform({
  config: readConfig(environment),
  log: createLogger({ level: 'fatal' }),
  onProgress: () => undefined,
  publicOrigins: () => ['http://127.0.0.1:4310'],
  onWork: () => undefined,
  tools: (deps) => [...vaultTools(deps), ledgerTool(ledger)],
});
believeNames(platform);
await createWorker(platform).start();
process.stdout.write('working\n');
await pause(2 ** 31 - 1);
