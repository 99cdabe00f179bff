import { timingSafeEqual } from 'node:crypto';
import { type HookRequest, isConnectorFault } from '@factotum/connector-sdk';
import { FactotumError, type Id } from '#kernel';
import { withTenant } from '#kernel/database';
import { readActiveTenant } from '#trust/tenant';
import { credentialsOf, hookHash, openBody } from './body.ts';
import type { ConnectionParts } from './connections.ts';
import { errorOf } from './fault.ts';
import { readSettings } from './kinds.ts';
import type { HookReply } from './port.ts';
import { selectConnection } from './store.ts';
import { withinBounds } from './within.ts';

interface Push {
  readonly tenantId: Id<'tenant'>;
  readonly id: Id<'connection'>;
  readonly secret: string;
  readonly request: HookRequest;
}

/** Whoever pushes waits for the answer: shorter than what far sides usually wait. */
const hookMsMax = 10_000;
const arrivalsMax = 1_000;

/** What came in by a push is stored before it is answered. A paused or broken connection is not there. */
export async function receiveHook(parts: ConnectionParts, { tenantId, id, secret, request }: Push): Promise<HookReply> {
  const { database, kinds, contexts, keysOf, secrets, intake, clock } = parts;
  const row = await withTenant(database.app.db, tenantId, async (tx) => {
    const found = await selectConnection(tx, tenantId, id);
    // Nobody learns anything of the tenant who does not know the address.
    if (found?.hookHash != null && timingSafeEqual(found.hookHash, hookHash(secret))) await readActiveTenant(tx, tenantId);
    return found;
  });
  const connector = row === undefined ? undefined : kinds.find(row.connector);
  if (row?.hookHash == null || !timingSafeEqual(row.hookHash, hookHash(secret)) || row.state !== 'active' || connector?.hook === undefined)
    throw new FactotumError('connection.not_found', 'Nothing is connected here.');
  const body = openBody(await keysOf(tenantId), row);
  const settings = readSettings(connector.settings, body.settings);
  const credentials = await credentialsOf(tenantId, body.credentials, secrets);
  const { kind } = connector;
  const answer = await withinBounds(hookMsMax, new AbortController().signal, async (signal) =>
    connector.hook?.(contexts.of({ tenantId, connectionId: id, connector, settings, credentials, signal }), request),
  ).catch((error: unknown) => {
    if (isConnectorFault(error) && error.kind === 'auth')
      throw new FactotumError('webhook.signature_invalid', 'This does not bear the signature that was agreed.', { cause: error });
    throw errorOf(error);
  });
  if (answer === undefined || answer.arrivals.length > arrivalsMax)
    throw new FactotumError('request.too_large', `One push may bring ${arrivalsMax} things at most.`);
  const now = clock.now();
  await intake.acceptAll(tenantId, answer.arrivals, {
    ...{ connectionId: id, connector: kind, channel: 'webhook' },
    also: async (client, { created }) => {
      const { rowCount } = await client.query({
        name: 'connection-pushed',
        text: `update app.connection set arrivals = arrivals + $3, last_arrival_at = case when $3 > 0 then $4 else last_arrival_at end,
          last_success_at = case when $5 then last_success_at else $4 end, wake = wake or $5, run_at = case when $5 then least(run_at, $4) else run_at end
          where tenant_id = $1 and connection_id = $2 and state = 'active'`,
        values: [tenantId, id, created, now, answer.pollNow === true],
      });
      if (rowCount !== 1) throw new FactotumError('connection.not_found', 'Nothing is connected here.');
    },
  });
  if (answer.pollNow === true) parts.onChanged?.();
  return { status: answer.status, headers: answer.headers ?? {}, body: answer.body ?? '' };
}
