import {
  type ClosableToolHost,
  createPermits,
  createRemoteToolHost,
  createToolHost,
  createToolListener,
  type ToolListener,
} from '#connector/mcp';
import type { Tool } from '#flow/tool';
import type { Clock, Config, Logger } from '#kernel';
import { type Certificates, createFileEnd, type TlsEnd } from '#trust/certificate';
import type { KeysOf } from '#trust/key';
import type { Platform } from './platform.ts';

export interface ToolParts {
  readonly config: Config;
  readonly tools: readonly Tool[];
  readonly certificates: Certificates;
  readonly keysOf: KeysOf;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where this process's work finds its tools: in itself, or where FACTOTUM_TOOLS_URL says. */
export async function createHost(parts: ToolParts): Promise<ClosableToolHost> {
  const { config, tools, certificates, keysOf, log } = parts;
  const { url } = config.tools;
  if (url === undefined || !config.roles.includes('worker')) return createToolHost(tools, log);
  const ofFiles = fileEnd(parts);
  return createRemoteToolHost({
    ...{ url, log },
    endFor: (tenantId) => ofFiles ?? certificates.workerEnd(tenantId),
    permits: createPermits(keysOf, parts.clock),
  });
}

/** Serves this process's tools to workers elsewhere. Does not listen yet. */
export function createToolService(platform: Platform): Promise<ToolListener> {
  const { tools, certificates, keyring, clock, log } = platform;
  const permits = createPermits(keyring.of, clock);
  return createToolListener({ tools, permits, end: fileEnd(platform) ?? certificates.toolsEnd(), log });
}

/** Certificates of the operator's own, where there are any. */
function fileEnd({ config, clock, log }: Pick<ToolParts, 'config' | 'clock' | 'log'>): TlsEnd | undefined {
  const { files, clients } = config.tools;
  return files === undefined ? undefined : createFileEnd(files, { clients, clock, log });
}
