import type { Clock } from '#kernel';
import type { TenantKeys } from '#trust/key';
import { isReference } from '#trust/secret';
import { openBody } from './body.ts';
import type { AnyConnector, Connection, ConnectionHealth } from './port.ts';
import { faultBodySchema } from './schema.ts';
import type { ConnectionRow } from './store.ts';

/** A connection as people see it. Credentials cannot leave: of each only whether it is set, or its reference. */
export function present(row: ConnectionRow, keys: TenantKeys, connector: AnyConnector | undefined, clock: Clock): Connection {
  const { name, settings, credentials, hookSecret } = openBody(keys, row);
  const fields = [...new Set([...Object.keys(connector?.credentials ?? {}), ...Object.keys(credentials)])];
  return {
    id: row.connectionId,
    connector: row.connector,
    name,
    state: row.state,
    settings,
    credentials: Object.fromEntries(fields.map((field) => [field, shown(credentials[field])])),
    health: healthOf(row, keys, connector, clock),
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    hookPath: hookSecret === undefined ? null : `/hooks/${row.tenantId}/${row.connectionId}/${hookSecret}`,
  };
}

const shown = (credential: string | undefined): string | null => {
  if (credential === undefined) return null;
  return isReference(credential) ? credential : 'set';
};

function healthOf(row: ConnectionRow, keys: TenantKeys, connector: AnyConnector | undefined, clock: Clock): ConnectionHealth {
  const { connectionId: id, lastPolledAt, lastSuccessAt, lastArrivalAt, failures, arrivals, faultCode, fault } = row;
  const isPolled = row.state === 'active' && connector?.poll !== undefined;
  const message = fault === null ? '' : keys.openJson({ kind: 'connection.fault', id }, fault, faultBodySchema).message;
  return {
    ...{ lastPolledAt, lastSuccessAt, lastArrivalAt, failures, arrivals },
    fault: faultCode === null ? null : { code: faultCode, message },
    lagMs: isPolled ? Math.max(0, clock.now().getTime() - row.runAt.getTime()) : null,
    nextAt: isPolled ? row.runAt : null,
    progress: row.progressDone === null ? null : { done: row.progressDone, of: row.progressOf },
  };
}
