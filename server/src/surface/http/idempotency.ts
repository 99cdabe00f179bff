import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { type Clock, FactotumError, type Id, type Logger } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import type { Permission } from '#trust/identity';
import type { TenantKeys } from '#trust/key';
import { claim, deleteOlder, findClaim, giveUp, keepAnswer, takeOver } from './idempotency-store.ts';
import { namedFailure, problemResponse } from './problem.ts';

/** A POST as its idempotency key knows it. */
interface KeyedRequest {
  readonly key: string;
  readonly actor: string;
  /** What they may do with the credential that they sent. */
  readonly permissions: ReadonlySet<Permission>;
  /** Method and address. */
  readonly route: string;
  /** The body as it came. */
  readonly bytes: Uint8Array;
  readonly requestId: string;
}

export interface Idempotency {
  /**
   * Does `work` once for each key of an actor and address; who repeats the request gets the kept answer, marked
   * `idempotency-replayed: true`. Failures that may pass (quota, an unreachable database, a fault) are not kept: the next try does the work.
   *
   * A process that dies between the work and keeping its answer leaves the key to the next try, which does the work again: that is
   * harmless, as every use case behind a POST is once-only by itself and then says that it was done.
   *
   * One actor may come with credentials of which one may do more than the other: a kept answer is for who may do exactly what its asker could.
   *
   * @throws FactotumError `idempotency.key_reused` when the key came with another body or other permissions, `idempotency.in_progress` (retry) while the first
   * request runs, `request.invalid` for a key that is none.
   */
  once(keys: TenantKeys, request: KeyedRequest, work: () => Promise<Response>): Promise<Response>;
}

/** Answers are kept a day. */
const keptMs = 24 * 60 * 60_000;
/** Longer than any request may take: whoever began this long ago died on the way. */
const abandonedMs = 60_000;
/** How often each process looks for a tenant's old answers, at most. */
const sweepEveryMs = 10 * 60_000;

/** An answer as it is kept, sealed. */
const answerSchema = z.object({ status: z.int(), headers: z.array(z.tuple([z.string(), z.string()])), text: z.string() });
type KeptAnswer = z.infer<typeof answerSchema>;

export function createIdempotency({ database, clock, log }: { database: Database; clock: Clock; log: Logger }): Idempotency {
  const swept = new LRUCache<Id<'tenant'>, true>({ max: 10_000, ttl: sweepEveryMs, perf: { now: () => clock.monotonicMs() } });

  /** Begins the work of a key, unless it has been done or is being done. */
  async function begin(
    tx: Tx,
    keys: TenantKeys,
    macs: { keyMac: Buffer; requestMac: Buffer },
  ): Promise<{ since: Date } | { kept: Buffer }> {
    const { tenantId } = keys;
    const now = clock.now();
    if (!swept.has(tenantId)) {
      swept.set(tenantId, true);
      await deleteOlder(tx, tenantId, new Date(now.getTime() - keptMs));
    }
    const mine = { tenantId, ...macs, since: now };
    if (await claim(tx, mine)) return { since: now };
    const found = await findClaim(tx, tenantId, macs.keyMac);
    // Given up between the two statements: the next try finds it free.
    if (found === undefined) throw inProgress();
    const ageMs = now.getTime() - found.createdAt.getTime();
    const isOver = ageMs > (found.response === null ? abandonedMs : keptMs);
    if (isOver && (await takeOver(tx, { ...mine, before: found.createdAt }))) return { since: now };
    if (!found.requestMac.equals(macs.requestMac))
      throw new FactotumError(
        'idempotency.key_reused',
        'This idempotency key came with another body before, or with other permissions. Use a new key for a new request.',
      );
    if (isOver || found.response === null) throw inProgress();
    return { kept: found.response };
  }

  return {
    once: async (keys, { key, actor, permissions, route, bytes, requestId }, work) => {
      if (!/^[\x21-\x7e]{1,255}$/.test(key))
        throw new FactotumError('request.invalid', 'Idempotency-Key must be 1 to 255 visible ASCII characters, a UUID for example.');
      const inTenant = <R>(unit: (tx: Tx) => Promise<R>) => withTenant(database.app.db, keys.tenantId, unit);
      const keyMac = keys.mac('idempotency.key', actor, route, key);
      const ref = { kind: 'idempotency', id: keyMac.toString('hex') };
      const requestMac = keys.mac('idempotency.request', [...permissions].sort().join(), bytes);
      const begun = await inTenant((tx) => begin(tx, keys, { keyMac, requestMac }));
      if ('kept' in begun) return respond(keys.openJson(ref, begun.kept, answerSchema), [['idempotency-replayed', 'true']]);
      const mine = { tenantId: keys.tenantId, keyMac, since: begun.since };
      const tryTo = (what: string, unit: (tx: Tx) => Promise<void>) =>
        inTenant(unit).catch((cause: unknown) =>
          log.warn({ err: cause, requestId }, `could not ${what}; its idempotency key is free in a minute`),
        );
      const response = await work().catch(async (error: unknown) => {
        const failure = namedFailure(error);
        // What was wrong with the request stays wrong, and is told the same way again. What may pass is tried again.
        if (failure.status < 500 && !failure.retry) return problemResponse(failure, requestId);
        await tryTo('take back a request', (tx) => giveUp(tx, mine));
        throw error;
      });
      const answer: KeptAnswer = { status: response.status, headers: [...response.headers], text: await response.text() };
      await tryTo('keep an answer', (tx) => keepAnswer(tx, { ...mine, status: answer.status, response: keys.sealJson(ref, answer) }));
      return respond(answer, []);
    },
  };
}

const respond = ({ status, headers, text }: KeptAnswer, more: [string, string][]): Response =>
  new Response(text === '' ? null : text, { status, headers: [...headers, ...more] });

const inProgress = () =>
  new FactotumError('idempotency.in_progress', 'The first request with this idempotency key is still running. Ask again in a second.');
