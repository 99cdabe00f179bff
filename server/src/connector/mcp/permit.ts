import { createHash, timingSafeEqual } from 'node:crypto';
import type { ToolCall } from '#flow/tool';
import { type Clock, isFactotumError } from '#kernel';
import type { KeysOf } from '#trust/key';

/** How long a permit is good for, in milliseconds: longer than a call waits to be dialled, shorter than anybody needs to find a use for one. */
const permitMs = 120_000;

/** What one permit is for, and nothing else. */
export type Permitted = Pick<ToolCall, 'tool' | 'operation' | 'tenantId' | 'key' | 'argsJson'> & {
  readonly resultJson?: string | undefined;
};

/** Proof that a call comes from a worker that has taken it through the gate: without one a tool server does nothing but read. */
export interface Permits {
  issue(call: Permitted): Promise<string>;
  holds(permit: string | undefined, call: Permitted): Promise<boolean>;
}

/**
 * Permits are MACs under the tenant's own key over tool, operation, attempt and the hash of the very bytes: a certificate alone, or a
 * permit for another call, tenant or attempt, moves nothing.
 */
export function createPermits(keysOf: KeysOf, clock: Clock): Permits {
  async function macOf({ tool, operation, tenantId, key, argsJson, resultJson = '' }: Permitted, untilMs: number): Promise<Buffer> {
    const keys = await keysOf(tenantId);
    return keys.mac('tool.permit', tool, operation, key, sha256(argsJson), sha256(resultJson), String(untilMs));
  }
  return {
    async issue(call) {
      const untilMs = clock.now().getTime() + permitMs;
      return `${untilMs}.${(await macOf(call, untilMs)).toString('base64url')}`;
    },
    async holds(permit, call) {
      const [, until, mac] = /^(\d{1,15})\.([A-Za-z0-9_-]{43})$/.exec(permit ?? '') ?? [];
      if (until === undefined || mac === undefined || Number(until) < clock.now().getTime()) return false;
      try {
        return timingSafeEqual(await macOf(call, Number(until)), Buffer.from(mac, 'base64url'));
      } catch (error) {
        // A tenant without keys, or one that is not ours: nobody can have a permit for it.
        if (isFactotumError(error) && !error.retry) return false;
        throw error;
      }
    },
  };
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
