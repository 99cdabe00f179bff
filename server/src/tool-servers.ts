import { createToolServers, readPrograms, type ToolServers } from '#connector/tool-server';
import type { ToolHost } from '#flow/tool';
import { listServers, secretsOf, slugOf } from '#flow/tool-server';
import type { Clock, Config, Id, Logger } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import type { Reference, SecretResolver } from '#trust/secret';

interface Parts {
  readonly config: Config;
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly resolver: Pick<SecretResolver, 'resolve'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Tool servers of others, as this process reaches them. @throws FactotumError `config.invalid` for programs that cannot be run as they are set. */
export function openToolServers({ config, database, keysOf, resolver, clock, log }: Parts): ToolServers {
  const programs = readPrograms(config.tools.programs);
  for (const { id, confinement } of programs)
    if (confinement === 'process only')
      log.warn({ program: id }, 'nothing here keeps this tool program from the files that the server can read');
  return createToolServers({
    ...{ database, keysOf, programs, clock, log },
    allowHosts: config.connectors.allowHosts,
    resolveSecret: (tenantId, reference) => resolver.resolve(tenantId, reference),
  });
}

/** Calls of our own tools go where those are, all others to the servers of the tenant. */
export const routedHost = (own: ToolHost, servers: ToolHost): ToolHost => ({
  call: (call) => (slugOf(call.tool) === null ? own : servers).call(call),
});

/** Which secrets a tenant's tool servers use. */
export async function toolServerReferences(
  { database, keysOf }: Pick<Parts, 'database' | 'keysOf'>,
  tenantId: Id<'tenant'>,
): Promise<Reference[]> {
  const keys = await keysOf(tenantId);
  const servers = await withTenant(database.app.db, tenantId, (tx) => listServers(tx, keys));
  return servers.flatMap(({ title, endpoint }) => secretsOf(endpoint).map((reference) => ({ reference, by: `tool server ${title}` })));
}
