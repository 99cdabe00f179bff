import type { SavedCredentials } from '@factotum/connector-sdk';
import { sql } from 'kysely';
import { type Clock, FactotumError, type Id, isFactotumError, type JsonObject, jsonObjectSchema } from '#kernel';
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
import { lockConnection, putBody, selectConnection } from './store.ts';

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
export const createSaved = ({ database, keysOf, secrets, clock }: Deps) => {
  const inTurn = createTurns(exchangesMax);
  return ({ tenantId, connectionId, connector, version }: Place): SavedCredentials => {
    const actor = `connector:${connector}`;

    /** Replaces what is in force, with the connection locked for no longer than that. */
    async function replace({ tx, keys }: Unit, name: string, used: string, value: string) {
      registerSecret(value, 'tenant');
      const at = clock.now();
      const row = await lockConnection(tx, tenantId, connectionId);
      if (row === undefined) return 'superseded';
      const body = openBody(keys, row);
      const text = body.credentials[name];
      if (text !== undefined && isReference(text)) return replaceInSecret({ tx, keys }, text, used, { value, actor, at });
      if (text !== used) return 'superseded';
      const changed = { ...body, credentials: { ...body.credentials, [name]: value } };
      await putBody(tx, { tenantId, id: connectionId }, sealBody(keys, connectionId, row.version, changed));
      await recordAudit(tx, tenantId, [
        { kind: 'connection.changed', actor, at, objectId: connectionId, detail: { connector, change: 'renewed', changed: [name] } },
      ]);
      return 'kept';
    }

    return {
      revision: version,
      async exclusively(name, work) {
        const keys = await keysOf(tenantId);
        const textNow = async (tx: Tx): Promise<string> => {
          const row = await selectConnection(tx, tenantId, connectionId);
          const text = row === undefined ? undefined : openBody(keys, row).credentials[name];
          if (text === undefined)
            throw new FactotumError('connection.not_found', 'The connection is gone, or no longer has this credential.');
          return text;
        };
        let isRotated = false;
        const done = await inTurn(() =>
          withTenant(database.app.db, tenantId, async (tx) => {
            await lockPlace(tx, placeOf(await textNow(tx), { tenantId, connectionId }));
            // Once more: whoever was faster has replaced it.
            const text = await textNow(tx);
            const own = isReference(text) ? await ownSecret({ tx, keys }, text) : { value: text };
            const value = own?.value ?? (await secrets.valueOf(tenantId, text));
            return work({
              ...{ value, isReference: isReference(text), canReplace: own !== null },
              async replace(next) {
                const outcome = await replace({ tx, keys }, name, value, next);
                isRotated ||= outcome === 'kept';
                return outcome;
              },
            });
          }),
        );
        if (isRotated) secrets.forget(tenantId);
        return done;
      },
    };
  };
};

interface Unit {
  readonly tx: Tx;
  readonly keys: TenantKeys;
}

/** Each holds a connection to the database while the far side is asked: most of those are for others. */
const exchangesMax = 4;

/** Lets only so many run at once; the others wait in line. */
function createTurns(max: number) {
  let free = max;
  const waiting: (() => void)[] = [];
  return async <R>(work: () => Promise<R>): Promise<R> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** Where a credential lies: several connections may refer to one secret. */
const placeOf = (text: string, { tenantId, connectionId }: Pick<Place, 'tenantId' | 'connectionId'>): string =>
  isReference(text) ? `${tenantId} ${text.split('#', 1)[0]}` : connectionId;

/** Not the row: watchers and people go on while the far side is asked. Ends with the transaction. @throws after the database's lock timeout. */
const lockPlace = (tx: Tx, place: string) => sql`select pg_advisory_xact_lock(hashtext('credential'), hashtext(${place}))`.execute(tx);

/** @throws FactotumError `secret.*` */
async function replaceInSecret(
  unit: Unit,
  text: string,
  used: string,
  { value, actor, at }: { readonly value: string; readonly actor: string; readonly at: Date },
  isAgain = false,
): Promise<'kept' | 'superseded' | 'elsewhere'> {
  const { tx, keys } = unit;
  const secret = await ownSecret(unit, text);
  if (secret === null) return 'elsewhere';
  if (secret.value !== used) return 'superseded';
  try {
    await replaceValue(tenantUnit(tx, keys), secret.id, { value: secret.withValue(value), ifVersion: secret.version, actor, at });
  } catch (error) {
    // Another member of it may have changed. The secret is locked by now, so it does not change again.
    if (isAgain || !isFactotumError(error, 'secret.changed')) throw error;
    return replaceInSecret(unit, text, used, { value, actor, at }, true);
  }
  await recordAudit(tx, keys.tenantId, [{ kind: 'secret.rotated', actor, at, objectId: secret.id, detail: {} }]);
  return 'kept';
}

/** A secret of the tenant's own whose value lies here; null for one that lies in another store. @throws FactotumError `secret.not_found` */
async function ownSecret({ tx, keys }: Unit, text: string) {
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
