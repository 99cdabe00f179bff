import { defineConnector, type Json } from '@factotum/connector-sdk';
import { testConnector } from '@factotum/connector-sdk/test';
import { type AgendaChanges, type AgendaMemory, compose, itemIdOf } from '#flow/agenda';
import { standInCalendar, startCaldav } from '../../../test/stand-in/caldav.ts';
import { caldavConnector } from './caldav.ts';
import type { caldavSettingsSchema } from './settings.ts';

type Kept = Record<string, { calendar: string; etag: string; ics: string; version: number; isGone: boolean }>;

/** The connector with a memory that is committed with its cursor, as the product's lies in the same transaction. */
function remembering() {
  const inner = (kept: Kept | null) => caldavConnector({ memory: memoryOf(kept) });
  let committed: Kept | null = null;
  const { poll: _poll, ...rest } = inner(null);
  return defineConnector<typeof caldavSettingsSchema, Json, AgendaChanges>({
    ...rest,
    async poll(context, given, limits) {
      const wrapped = given as { cursor: never; kept: Kept } | null; // Made below.
      if (wrapped !== null) committed = wrapped.kept;
      else if (limits.since === undefined) committed = null;
      const polled = await inner(committed).poll?.(context, wrapped?.cursor ?? null, limits);
      if (polled?.changes === undefined) throw new Error('it polls, and says what has changed');
      const kept: Kept = { ...committed };
      for (const { href, ...object } of polled.changes.objects)
        kept[href] = { ...object, version: (kept[href]?.version ?? 0) + 1, isGone: false };
      for (const { href } of polled.changes.removed)
        if (kept[href] !== undefined) kept[href] = { ...kept[href], version: kept[href].version + 1, isGone: true };
      return { ...polled, cursor: { cursor: polled.cursor, kept } as unknown as Json }; // Both are JSON.
    },
  });
}

const memoryOf = (kept: Kept | null): AgendaMemory => ({
  etags: async (_tenantId, _connectionId, calendar) =>
    kept === null
      ? null
      : new Map(
          Object.entries(kept).flatMap(([href, one]) => (one.calendar === calendar && !one.isGone ? [[href, one.etag] as const] : [])),
        ),
  objects: async (tenantId, connectionId, hrefs) =>
    new Map(
      hrefs.map((href) => {
        const one = kept?.[href];
        const item =
          one === undefined
            ? null
            : { ...one, href, id: itemIdOf(tenantId, connectionId, href), calendarId: 'agc_0' as never, ours: false, replies: {} };
        return [href, { known: item, written: [] }];
      }),
    ),
});

testConnector({
  connector: remembering(),
  async start() {
    const server = await startCaldav();
    let added = 0;
    server.put(`${standInCalendar}before.ics`, appointment('before'));
    return {
      settings: { url: server.url, user: server.user },
      credentials: { password: server.password },
      badCredentials: { password: 'wrong-password' },
      async add(count) {
        for (let at = 0; at < count; at += 1) {
          added += 1;
          server.put(`${standInCalendar}added-${added}.ics`, appointment(`added-${added}`));
        }
      },
      limit: async (seconds) => server.limit(seconds),
      expireCursor: async () => server.expireTokens(),
      hang: async (hangs) => server.hang(hangs),
      stop: () => server.stop(),
    };
  },
});

function appointment(uid: string): string {
  const now = new Date();
  return compose({
    uid,
    now,
    times: { startMs: Math.floor(now.getTime() / 1_000) * 1_000 + 86_400_000, durationMs: 3_600_000 },
    title: `Appointment ${uid}`,
  });
}
