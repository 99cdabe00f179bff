/** A process that serves the tools of the test that starts it, and says so. Payments hang in it, where it is told so, until it is killed. */
import { createLogger, readConfig } from '#kernel';
import { openPlatform } from '../../src/platform.ts';
import { createToolService } from '../../src/tools.ts';
import { payTool } from './pay-tool.ts';

// Written by the test that starts this process.
const given = JSON.parse(process.argv[2] ?? '{}') as { environment: Record<string, string>; ledger: string; port: number; hangs: boolean };
const hang = (value: string) => {
  process.stdout.write(`hangs ${value}\n`);
  return new Promise<never>(() => undefined);
};
const platform = await openPlatform({
  config: readConfig(given.environment),
  log: createLogger({ level: 'fatal' }),
  onProgress: () => undefined,
  publicOrigins: () => ['http://127.0.0.1:4310'],
  onWork: () => undefined,
  tools: () => [payTool(given.ledger, given.hangs ? hang : null)],
});
const service = await createToolService(platform);
await service.listen({ host: '127.0.0.1', port: given.port });
process.stdout.write('serves\n');
