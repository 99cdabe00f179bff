import type { Referrer, SecretScope } from './port.ts';
import { isReference, parseReference } from './reference.ts';

/** Who refers to each of our own secrets, by the secret's name. */
export async function usersByName(referrers: readonly Referrer[], scope: SecretScope): Promise<ReadonlyMap<string, readonly string[]>> {
  const users = new Map<string, string[]>();
  for (const { reference, by } of (await Promise.all(referrers.map((ask) => ask(scope)))).flat()) {
    // What was saved as a reference was checked then; what is a value refers to nothing.
    if (!isReference(reference)) continue;
    const { store, name } = parseReference(reference);
    if (store === 'db') users.set(name, [...(users.get(name) ?? []), by]);
  }
  return users;
}
