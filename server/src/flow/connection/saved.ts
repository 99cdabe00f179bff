import type { SavedCredentials } from '@factotum/connector-sdk';
import { type Clock, type Id, type JsonObject, jsonObjectSchema } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import { registerSecret } from '#kernel/redact';
import { recordAudit } from '#trust/audit';
import type { KeysOf, TenantKeys } from '#trust/key';
import {
  isReference,
  openSecret,
  parseReference,
  replaceValue,
  type SecretReference,
  type SecretResolver,
  tenantUnit,
} from '#trust/secret';
import { openBody, sealBody } from './body.ts';
import { lockConnection, putBody } from './store.ts';

interface Deps {
  readonly database: Pick<Database, 'app'>;
  readonly keysOf: KeysOf;
  readonly secrets: Pick<SecretResolver, 'valueOf' | 'forget'>;
  readonly clock: Clock;
}

interface Place {
  readonly tenantId: Id<'tenant'>;
  readonly connectionId: Id<'connection'>;
  readonly connector: string;
  readonly version: number;
}

/**
 * What a connection's own connector may do with its credentials. A replacement is no edit: the version stays, so that a poll under way
 * counts, and whoever edits the connection meanwhile is not sent away.
 */
export const createSaved =
  ({ database, keysOf, secrets, clock }: Deps) =>
  ({ tenantId, connectionId, connector, version }: Place): SavedCredentials => {
    /** Works on the credential as it is in force, with the connection locked. */
    async function locked<R>(name: string, work: (held: Held) => Promise<R>): Promise<R | null> {
      const keys = await keysOf(tenantId);
      return withTenant(database.app.db, tenantId, async (tx) => {
        const row = await lockConnection(tx, tenantId, connectionId);
        if (row === undefined) return null;
        const body = openBody(keys, row);
        const text = body.credentials[name];
        const keep = (value: string) =>
          putBody(
            tx,
            { tenantId, id: connectionId },
            sealBody(keys, connectionId, row.version, { ...body, credentials: { ...body.credentials, [name]: value } }),
          );
        return text === undefined ? null : work({ tx, keys, text, keep });
      });
    }

    return {
      revision: version,
      async current(name) {
        const found = await locked(name, async ({ tx, keys, text }) => {
          if (!isReference(text)) return text;
          return (await ownSecret(tx, keys, text))?.value ?? { reference: text };
        });
        if (found === null) return null;
        if (typeof found === 'string') return { value: found, canReplace: true };
        return { value: await secrets.valueOf(tenantId, found.reference), canReplace: false };
      },
      async replace(name, used, value) {
        registerSecret(value, 'tenant');
        const at = clock.now();
        const actor = `connector:${connector}`;
        const outcome = await locked(name, async ({ tx, keys, text, keep }) => {
          if (!isReference(text)) {
            if (text !== used) return 'superseded' as const;
            await keep(value);
            await recordAudit(tx, tenantId, [
              { kind: 'connection.changed', actor, at, objectId: connectionId, detail: { connector, change: 'renewed', changed: [name] } },
            ]);
            return 'kept' as const;
          }
          const secret = await ownSecret(tx, keys, text);
          if (secret === null) return 'elsewhere' as const;
          if (secret.value !== used) return 'superseded' as const;
          const next = { value: secret.withValue(value), ifVersion: secret.version, actor, at };
          await replaceValue(tenantUnit(tx, keys), secret.id, next);
          await recordAudit(tx, tenantId, [{ kind: 'secret.rotated', actor, at, objectId: secret.id, detail: {} }]);
          return 'kept' as const;
        });
        if (outcome === 'kept') secrets.forget(tenantId);
        return outcome ?? 'superseded';
      },
    };
  };

interface Held {
  readonly tx: Tx;
  readonly keys: TenantKeys;
  /** A value or a reference. */
  readonly text: string;
  keep(value: string): Promise<void>;
}

/** A secret of the tenant's own whose value lies here; null for one that lies in another store. @throws FactotumError `secret.not_found` */
async function ownSecret(tx: Tx, keys: TenantKeys, text: string) {
  const reference = parseReference(text);
  if (reference.store !== 'db') return null;
  const { id, version, content } = await openSecret(tenantUnit(tx, keys), { name: reference.name });
  if ('reference' in content) return null;
  const { value, withValue } = memberOf(content.value, reference);
  return value === null ? null : { id, version, value, withValue };
}

/** The whole value, or the member of the JSON object that it is; `withValue` is what to put in its place. */
function memberOf(
  whole: string,
  { field }: Pick<SecretReference, 'field'>,
): { readonly value: string | null; withValue(value: string): string } {
  if (field === null) return { value: whole, withValue: (value) => value };
  const object = objectIn(whole);
  const member = object[field];
  return {
    value: typeof member === 'string' ? member : null,
    withValue: (value) => JSON.stringify({ ...object, [field]: value }),
  };
}

function objectIn(text: string): JsonObject {
  try {
    return jsonObjectSchema.parse(JSON.parse(text));
  } catch {
    // Whoever resolves the reference says what is wrong with it.
    return {};
  }
}
