import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type ErrorCode, FactotumError } from '#kernel';

const manifestSchema = z.object({ peerDependencies: z.record(z.string(), z.string()) });

/**
 * Loads a package that only some installations have: an optional peer of the server's package.json.
 *
 * @param load - `() => import(name)`, written out where it is called, so that tools see what depends on what
 * @throws FactotumError with the code, and the command that installs the package at the version we test with.
 */
export async function loadOptional<M>(
  name: string,
  load: () => Promise<M>,
  missing: { readonly code: ErrorCode; readonly purpose: string },
): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND' && cause.message.includes(`'${name}'`)))
      throw cause;
    const command = `npm install ${name}@${versionOf(name)}`;
    const message = `${missing.purpose} needs a package that is not installed. Install it and start again: ${command}`;
    throw new FactotumError(missing.code, message, { cause, details: { command } });
  }
}

/** Read only when something is missing. */
function versionOf(name: string): string {
  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8');
  const version = manifestSchema.parse(JSON.parse(text)).peerDependencies[name];
  if (version === undefined) throw new RangeError(`${name} is no optional peer of the server`);
  return version;
}
