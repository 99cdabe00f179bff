import { eventBodySchema } from '#flow/intake';
import type { Id, JsonObject } from '#kernel';
import { eventually, type TestPlatform } from './platform.ts';
import { buildToolCaller } from './tool-calls.ts';

/** A tenant with one calendar account at a server, and the server's other users: whoever writes there without us. */
export async function buildCalendars(
  platform: TestPlatform,
  server: { url: string; user: string; password: string },
  settings: JsonObject = {},
  of?: Id<'tenant'>,
) {
  const caller = await buildToolCaller(platform, {}, of);
  const { tenantId } = caller;
  const { connections } = platform;
  const connection = await connections.create(
    tenantId,
    {
      connector: 'caldav',
      name: 'Calendar',
      settings: { url: server.url, user: server.user, address: 'alice@example.com', ...settings },
      credentials: { password: server.password },
    },
    { actor: 'user:usr_1' },
  );
  const as = `Basic ${Buffer.from(`${server.user}:${server.password}`).toString('base64')}`;
  const call = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, server.url), {
      method,
      headers: { authorization: as, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return { status: response.status, etag: response.headers.get('etag') ?? '', text };
  };
  return {
    ...caller,
    connectionId: connection.id,
    /** Asks for a poll and waits until all that is there has been read. */
    async poll(): Promise<void> {
      const before = (await connections.get(tenantId, connection.id)).health.lastPolledAt?.getTime() ?? 0;
      await connections.pollNow(tenantId, connection.id);
      await eventually(
        async () => {
          const { health } = await connections.get(tenantId, connection.id);
          // A cursor that is gone is begun anew by itself.
          if (health.fault !== null && health.fault.code !== 'cursor_expired')
            throw new Error(`${health.fault.code}: ${health.fault.message}`);
          return (health.lastPolledAt?.getTime() ?? 0) > before && (health.nextAt === null || health.nextAt > new Date())
            ? true
            : undefined;
        },
        () => 'the account was not polled',
        30_000,
      );
    },
    /** What has arrived, in order. */
    arrived: () => eventsOf(platform, tenantId),
    put: (path: string, ics: string) => call('PUT', path, ics, { 'content-type': 'text/calendar' }),
    get: (path: string) => call('GET', path),
    remove: (path: string) => call('DELETE', path),
    list: async (days = 400) => {
      const fromMs = Date.now() - 2 * 86_400_000;
      return (await platform.agenda.list(tenantId, { fromMs, untilMs: fromMs + days * 86_400_000 })).items;
    },
  };
}

/** Every event of a tenant, opened, in the order in which they came. */
export async function eventsOf({ database, keyring }: TestPlatform, tenantId: Id<'tenant'>) {
  const keys = await keyring.of(tenantId);
  const { rows } = await database.engine.pool.query<{ event_id: string; source: string; kind: string; body: Buffer }>(
    'select event_id, source, kind, body from app.event where tenant_id = $1 order by received_at, event_id',
    [tenantId],
  );
  return rows.map(({ event_id: id, source, kind, body }) => ({
    source,
    kind,
    ...keys.openJson({ kind: 'event', id }, body, eventBodySchema),
  }));
}
