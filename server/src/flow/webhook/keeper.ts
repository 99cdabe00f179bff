import type { OutsideNetwork } from '#flow/connection';
import { type Clock, createPoller, type Id, type Logger, type Poller } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import { listEntries, type Sequencer } from '#trust/audit';
import type { KeysOf, TenantKeys } from '#trust/key';
import { attempt, type Outcome } from './attempt.ts';
import { isWanted } from './kinds.ts';
import {
  activeTenants,
  type ClaimedWebhook,
  claimWebhooks,
  type DeliveryRow,
  dueDeliveries,
  findWebhookRow,
  forgetDeliveries,
  insertDeliveries,
  listWebhookRows,
  lockWebhookRow,
  nextDue,
  settleDelivery,
  updateWebhookRow,
  type WebhookRow,
} from './store.ts';
import { newDelivery, openBody, openPayload, recordStopped, sealAnswer, signingSecrets } from './webhook.ts';

export interface WebhookKeeperOptions {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly sequencer: Pick<Sequencer, 'onEntries'>;
  readonly network: Pick<OutsideNetwork, 'fetch'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How often what is due is looked for, in milliseconds. */
  readonly pollMs?: number;
}

/** Waits between attempts in seconds, as the specification's example has them: three days in all, ten attempts. */
const waitsS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/** An endpoint that nothing gets through to for this long is given up, until a person resumes it. */
const givenUpAfterMs = 5 * 24 * 3_600_000;
/** How long what was told is kept for people to see and tell again. */
const keptMs = 30 * 24 * 3_600_000;
const leaseMs = 90_000;
/** One endpoint's turn ends after this, well within the lease. */
const turnMs = 30_000;
const endpointsAtOnce = 20;
const entriesAtOnce = 500;
/** What the feed has missed is found by a look at everybody. */
const lookAtAllMs = 60_000;

/**
 * Tells endpoints what has happened: collects what is to be told, and tells what is due. Any number of processes may: an endpoint is one's
 * at a time, and an entry is told once.
 */
export function createWebhookKeeper(options: WebhookKeeperOptions): Poller {
  const { database, keysOf, sequencer, network, clock, log, pollMs = 1_000 } = options;
  const stirred = new Set<Id<'tenant'>>();
  let endFeed: (() => void) | undefined;
  let lookedAtAllMs = Number.NEGATIVE_INFINITY;
  const inTenant = <R>(tenantId: Id<'tenant'>, work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);

  /** Makes tellings of what an endpoint has not been told of. */
  async function collect(tenantId: Id<'tenant'>, ending: AbortSignal): Promise<void> {
    const keys = await keysOf(tenantId);
    const ids = (await inTenant(tenantId, (tx) => listWebhookRows(tx, tenantId)))
      .filter(({ state }) => state === 'active')
      .map(({ webhookId }) => webhookId);
    for (const webhookId of ids) {
      let isMore = true;
      while (isMore && !ending.aborted) isMore = await inTenant(tenantId, (tx) => collectFor(tx, keys, webhookId));
    }
    await inTenant(tenantId, (tx) => forgetDeliveries(tx, tenantId, new Date(clock.now().getTime() - keptMs)));
  }

  /** @returns whether there is more. */
  async function collectFor(tx: Tx, keys: TenantKeys, webhookId: Id<'webhook'>): Promise<boolean> {
    const { tenantId } = keys;
    const row = await lockWebhookRow(tx, tenantId, webhookId, false);
    if (row === undefined || row.state !== 'active') return false;
    const entries = await listEntries(tx, { tenantId, afterSeq: row.nextSeq - 1, limit: entriesAtOnce });
    const last = entries.at(-1);
    if (last === undefined) return false;
    const { kinds } = openBody(keys, row);
    const now = clock.now();
    const wanted = entries.filter(({ kind }) => isWanted(kinds, kind));
    await insertDeliveries(
      tx,
      wanted.map(({ seq, at, kind, objectId, taskId, state, actor, detail }) =>
        newDelivery(keys, row, { kind, seq, at, dueAt: now, data: { seq, objectId, taskId, state, actor, detail } }),
      ),
    );
    // An endpoint that is down is not tried sooner because there is more to tell.
    const runAt = wanted.length > 0 && (row.runAt === null || row.failures === 0) ? now : row.runAt;
    await updateWebhookRow(tx, row, { nextSeq: last.seq + 1, runAt });
    return entries.length === entriesAtOnce;
  }

  /** One endpoint's turn: what is due, in order, until something says that it is down. */
  async function deliver(claimed: ClaimedWebhook, ending: AbortSignal): Promise<void> {
    const { tenantId, webhookId, fence } = claimed;
    const keys = await keysOf(tenantId);
    const endAtMs = clock.monotonicMs() + turnMs;
    let isDown = false;
    while (!isDown && !ending.aborted && clock.monotonicMs() < endAtMs) {
      const now = clock.now();
      const { row, due } = await inTenant(tenantId, async (tx) => ({
        row: await findWebhookRow(tx, tenantId, webhookId),
        due: await dueDeliveries(tx, tenantId, webhookId, now, 1),
      }));
      const [delivery] = due;
      if (row === undefined || row.state !== 'active' || row.fence !== fence || delivery === undefined) break;
      const outcome = await attempt(
        network,
        {
          url: openBody(keys, row).url,
          id: delivery.deliveryId,
          payload: openPayload(keys, delivery),
          secrets: signingSecrets(keys, row, now),
          at: now,
        },
        ending,
      );
      isDown = outcome.kind === 'gone' || (outcome.kind === 'failed' && outcome.isDown);
      const isMine = await inTenant(tenantId, (tx) => settle(tx, keys, claimed, delivery, outcome));
      if (!isMine) return;
    }
    await inTenant(tenantId, (tx) => release(tx, claimed));
  }

  /** @returns false when the endpoint is somebody else's by now: then nothing is changed. */
  async function settle(
    tx: Tx,
    keys: TenantKeys,
    { webhookId, fence }: ClaimedWebhook,
    delivery: DeliveryRow,
    outcome: Outcome,
  ): Promise<boolean> {
    const row = await lockWebhookRow(tx, keys.tenantId, webhookId, true);
    if (row === undefined || row.fence !== fence) return false;
    const now = clock.now();
    const attempts = delivery.attempts + 1;
    if (outcome.kind === 'delivered') {
      const { status: lastStatus } = outcome;
      await settleDelivery(tx, delivery, {
        ...{ state: 'delivered', attempts, lastStatus, runAt: null, answer: null, triedAt: now, deliveredAt: now },
      });
      if (row.failures > 0) await updateWebhookRow(tx, row, { failures: 0, failingSince: null });
      return true;
    }
    const waitS = waitsS[attempts - 1];
    const isOver = outcome.kind === 'gone' || waitS === undefined;
    await settleDelivery(tx, delivery, {
      ...{ state: isOver ? 'failed' : 'waiting', attempts, triedAt: now, answer: sealAnswer(keys, delivery, outcome.message) },
      lastStatus: outcome.kind === 'gone' ? 410 : outcome.status,
      runAt: isOver ? null : later(now, Math.max(jittered(waitS * 1_000), (outcome.kind === 'failed' && outcome.retryAfterMs) || 0)),
    });
    const failingSince = row.failingSince ?? now;
    const isGivenUp = outcome.kind === 'gone' || now.getTime() - failingSince.getTime() > givenUpAfterMs;
    await updateWebhookRow(tx, row, {
      failures: row.failures + 1,
      failingSince,
      ...(isGivenUp ? { state: 'broken' as const, runAt: null } : {}),
    });
    if (isGivenUp) await recordStopped(tx, row, outcome.kind === 'gone' ? 'gone' : 'failing', now);
    return true;
  }

  /** Gives the endpoint back, to be taken again when something is due, or when it may have come back. */
  async function release(tx: Tx, { tenantId, webhookId, fence }: ClaimedWebhook): Promise<void> {
    const row = await lockWebhookRow(tx, tenantId, webhookId, true);
    if (row === undefined || row.fence !== fence) return;
    const due = row.state === 'active' ? await nextDue(tx, tenantId, webhookId) : null;
    await updateWebhookRow(tx, row, { leaseUntil: null, runAt: due === null ? null : laterOf(due, pauseOf(row, clock.now())) });
  }

  async function look(ending: AbortSignal): Promise<void> {
    const isTime = clock.monotonicMs() - lookedAtAllMs >= lookAtAllMs;
    if (isTime) lookedAtAllMs = clock.monotonicMs();
    const active = isTime || stirred.size > 0 ? new Set(await activeTenants(database.engine.db)) : new Set<Id<'tenant'>>();
    const tenants = isTime ? [...active] : [...stirred].filter((tenantId) => active.has(tenantId));
    stirred.clear();
    for (const tenantId of tenants)
      await collect(tenantId, ending).catch((error: unknown) => {
        stirred.add(tenantId);
        log.warn({ err: error, tenantId }, 'webhooks: what is to be told could not be collected; it is tried again');
      });
    const claimed = await claimWebhooks(database.engine.db, { now: clock.now(), most: endpointsAtOnce, leaseMs });
    await Promise.all(
      claimed.map((one) =>
        deliver(one, ending).catch((error: unknown) => {
          // The lease runs out, and whoever takes it then goes on.
          if (!ending.aborted) log.warn({ err: error, webhookId: one.webhookId }, 'webhooks: a turn broke off; it is tried again');
        }),
      ),
    );
  }

  const poller = createPoller({
    look,
    everyMs: pollMs,
    onError: (error) => log.warn({ err: error }, 'webhooks could not be looked at; the next look is soon'),
  });
  return {
    look: poller.look,
    start() {
      // Ids of the feed are those of tenants.
      endFeed = sequencer.onEntries((tenantId) => void stirred.add(tenantId as Id<'tenant'>));
      poller.start();
    },
    async stop() {
      endFeed?.();
      await poller.stop();
    },
  };
}

/** An endpoint that is down is left alone for a while: 5 s, doubled with each failure, up to 15 minutes. */
const pauseOf = ({ failures }: WebhookRow, now: Date): Date =>
  failures === 0 ? now : later(now, Math.min(5_000 * 2 ** Math.min(failures - 1, 10), 900_000));

/** Up to a fifth more, so that those who failed together do not come back together. */
const jittered = (ms: number): number => ms * (1 + Math.random() / 5);
const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);
const laterOf = (one: Date, other: Date): Date => (one > other ? one : other);
