import { createHash, randomBytes } from 'node:crypto';
import type { Id } from '#kernel';
import { registerSecret } from '#kernel/redact';
import type { TenantKeys } from '#trust/key';
import { isReference, type SecretResolver } from '#trust/secret';
import { type ConnectionBody, connectionBodySchema } from './schema.ts';
import type { ConnectionRow } from './store.ts';

/** Seals what a connection is made of, as its version says. */
export const sealBody = (keys: TenantKeys, id: Id<'connection'>, version: number, body: ConnectionBody): Buffer =>
  keys.seal('credential', { kind: 'connection', id, version }, Buffer.from(JSON.stringify(body), 'utf8'));

/** @throws FactotumError `seal.broken`. */
export function openBody(
  keys: TenantKeys,
  { connectionId, version, body }: Pick<ConnectionRow, 'connectionId' | 'version' | 'body'>,
): ConnectionBody {
  const plain = keys.open('credential', { kind: 'connection', id: connectionId, version }, body);
  const opened = connectionBodySchema.parse(JSON.parse(plain.toString('utf8')));
  plain.fill(0);
  return opened;
}

/** Credentials with references followed, known to the redactor from here on. @throws FactotumError `secret.*`. */
export async function credentialsOf(
  tenantId: Id<'tenant'>,
  given: ConnectionBody['credentials'],
  secrets: Pick<SecretResolver, 'valueOf'>,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, text] of Object.entries(given)) {
    if (!isReference(text)) registerSecret(text, 'tenant');
    values[name] = await secrets.valueOf(tenantId, text);
  }
  return values;
}

/** The secret part of an address that pushes to us, and what is kept of it in the open. */
export const newHookSecret = (): string => randomBytes(24).toString('base64url');
export const hookHash = (secret: string): Buffer => createHash('sha256').update(secret).digest();
