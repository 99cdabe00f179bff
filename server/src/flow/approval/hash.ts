import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '#kernel';

/** Everything that an approval binds: change any of it and it is another question. */
export interface BoundAction {
  readonly tenant: string;
  readonly task: string;
  readonly planVersion: number;
  readonly step: string;
  readonly tool: string;
  readonly args: Json;
  readonly toolSchemaHash: string;
  readonly policyHash: string;
  /** ISO 8601 in UTC. */
  readonly expiresAt: string;
}

/** Lower-case hex of SHA-256("factotum/approval/v1" NUL, RFC 8785 JSON of the bound action). */
export function payloadHash(action: BoundAction): string {
  return createHash('sha256')
    .update('factotum/approval/v1\0')
    .update(canonicalJson({ ...action }))
    .digest('hex');
}
