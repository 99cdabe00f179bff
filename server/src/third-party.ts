import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { interfaceVersion } from '@factotum/connector-sdk';
import { z } from 'zod';
import type { AnyConnector } from '#flow/connection';
import { ConfigFaults } from '#kernel';

/** As much of a connector as can be told from outside. What its functions do, the contract suite says. */
const connectorSchema = z.looseObject({
  kind: z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/),
  title: z.string().min(1),
  description: z.string().min(1),
  settings: z.custom<unknown>((value) => typeof value === 'object' && value !== null && '_zod' in value, 'must be a zod object'),
  credentials: z.record(z.string(), z.object({ title: z.string(), required: z.boolean() })),
  everyMs: z.number().min(1_000),
  check: z.custom<unknown>((value) => typeof value === 'function', 'must be a function'),
});
const moduleSchema = z.looseObject({
  interfaceVersion: z.literal(interfaceVersion, `must be ${interfaceVersion}, the version of the interface that this release speaks`),
  connectors: z.array(connectorSchema).min(1),
});

/**
 * Connectors of packages that are not ours, as a setting names them: each module exports `connectors` and `interfaceVersion`.
 *
 * @param taken - kinds that there are already
 * @throws ConfigFaults naming each package that cannot be loaded, is made for another interface, or brings a kind that is taken.
 */
export async function loadConnectors(names: readonly string[], taken: readonly string[]): Promise<AnyConnector[]> {
  const loaded: AnyConnector[] = [];
  const faults: string[] = [];
  const kinds = new Set(taken);
  for (const name of names) {
    try {
      const module = moduleSchema.safeParse(await import(isAbsolute(name) ? pathToFileURL(name).href : name));
      if (!module.success) {
        faults.push(`${name}: ${module.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}`);
        continue;
      }
      for (const connector of module.data.connectors) {
        if (kinds.has(connector.kind)) faults.push(`${name}: there is a connector ${connector.kind} already`);
        kinds.add(connector.kind);
        // The form has just been checked, and the interface version says what the functions take.
        loaded.push(connector as unknown as AnyConnector);
      }
    } catch (error) {
      faults.push(`${name}: ${error instanceof Error ? error.message.split('\n')[0] : 'it cannot be loaded'}`);
    }
  }
  if (faults.length > 0) throw new ConfigFaults(faults.map((fault) => `FACTOTUM_CONNECTORS: ${fault}`));
  return loaded;
}
