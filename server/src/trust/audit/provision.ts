import { chainGenesis, createFrontier, emptyRoot, encodeFrontier, signCheckpoint } from '@factotum/tlog';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { AuditorKey, TenantKeys } from '#trust/key';
import { createSigningKey, newMacKey, originOf, sealMacKey } from './log-keys.ts';
import { insertHead } from './store.ts';

/**
 * Begins a new tenant's log in the caller's transaction: its signing key, its first MAC key (sealed once for the auditor, once as the
 * key in use) and a signed checkpoint that it is empty.
 */
export async function provisionAuditLog(
  tx: Tx,
  tenantId: Id<'tenant'>,
  keys: TenantKeys,
  sealForAuditor: AuditorKey['sealForAuditor'],
): Promise<void> {
  const origin = originOf(tenantId);
  const { sealed: signingKey, signer } = createSigningKey(keys);
  const macKey = newMacKey();
  await insertHead(tx, {
    tenantId,
    origin,
    verifierKey: signer.verifierKeyText,
    signingKey,
    macKey: sealMacKey(keys, 0, macKey),
    auditorMacKey: sealForAuditor(tenantId, macKey),
    chain: chainGenesis(origin),
    frontier: encodeFrontier(createFrontier()),
    checkpoint: signCheckpoint(signer, { origin, size: 0, root: emptyRoot() }),
  });
  macKey.fill(0);
}
