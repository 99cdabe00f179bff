import type { Intake } from '#flow/intake';
import { type Clock, FactotumError, type Id, type JsonObject, type Logger, newId } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { KeysOf, TenantKeys } from '#trust/key';
import type { Quotas } from '#trust/quota';
import { isReference, type SecretResolver } from '#trust/secret';
import { credentialsOf, hookHash, newHookSecret, openBody, sealBody } from './body.ts';
import { createContexts } from './context.ts';
import { errorOf } from './fault.ts';
import { receiveHook } from './hook.ts';
import { checkCredentials, createKinds, invalid, type Kinds, readSettings } from './kinds.ts';
import { moveOf, requireAnew } from './move.ts';
import type { OutsideNetwork } from './network.ts';
import type { Act, AnyConnector, Connection, Connections } from './port.ts';
import { present } from './present.ts';
import { recordConnection } from './record.ts';
import { createSaved } from './saved.ts';
import type { ConnectionBody, ConnectionState } from './schema.ts';
import {
  type ConnectionRow,
  countConnections,
  deleteConnection,
  insertConnection,
  lockConnection,
  lockRoom,
  selectActive,
  selectConnection,
  selectConnections,
  updateConnection,
} from './store.ts';
import { tryOut } from './trial.ts';

export interface ConnectionsDeps {
  readonly database: Pick<Database, 'app'>;
  readonly keysOf: KeysOf;
  readonly secrets: Pick<SecretResolver, 'valueOf' | 'check' | 'forget'>;
  readonly quotas: Pick<Quotas, 'admitIn' | 'limits'>;
  readonly intake: Pick<Intake, 'acceptAll'>;
  readonly connectors: readonly AnyConnector[];
  readonly network: OutsideNetwork;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told after each commit that changed a connection: whoever watches may want to look now. */
  readonly onChanged?: () => void;
}

/** What the watcher shares with those who administer connections. */
export interface ConnectionParts extends ConnectionsDeps {
  readonly kinds: Kinds;
  readonly contexts: ReturnType<typeof createContexts>;
  readonly savedOf: ReturnType<typeof createSaved>;
}

/** @returns what surfaces and tools use, and the parts of it that a watcher needs. */
export function createConnections(deps: ConnectionsDeps): { readonly connections: Connections; readonly parts: ConnectionParts } {
  const { database, keysOf, secrets, clock } = deps;
  const kinds = createKinds(deps.connectors);
  const contexts = createContexts(deps);
  const savedOf = createSaved(deps);
  const parts: ConnectionParts = { ...deps, kinds, contexts, savedOf };
  const inTenant = <R>(tenantId: Id<'tenant'>, work: (tx: Tx) => Promise<R>) => withTenant(database.app.db, tenantId, work);
  const shown = (row: ConnectionRow, keys: TenantKeys): Connection => present(row, keys, kinds.find(row.connector), clock);
  const find = async (tenantId: Id<'tenant'>, id: Id<'connection'>): Promise<ConnectionRow> =>
    found(await inTenant(tenantId, (tx) => selectConnection(tx, tenantId, id)));

  /** Changes a locked row and leaves an entry, in one transaction. */
  async function alter(
    tenantId: Id<'tenant'>,
    id: Id<'connection'>,
    { actor }: Act,
    work: (
      row: ConnectionRow,
      keys: TenantKeys,
    ) => { readonly set: Parameters<typeof updateConnection>[2]; readonly detail: JsonObject } | null,
  ): Promise<Connection> {
    const keys = await keysOf(tenantId);
    const now = clock.now();
    const row = await inTenant(tenantId, async (tx) => {
      const before = found(await lockConnection(tx, tenantId, id));
      const change = work(before, keys);
      if (change === null) return before;
      await updateConnection(tx, { tenantId, id, now }, change.set);
      const after = found(await selectConnection(tx, tenantId, id));
      await recordConnection(tx, keys, { before, after, actor, at: now });
      await recordAudit(tx, tenantId, [
        { kind: 'connection.changed', actor, at: now, objectId: id, detail: { connector: before.connector, ...change.detail } },
      ]);
      return after;
    });
    deps.onChanged?.();
    return shown(row, keys);
  }

  const setState = (tenantId: Id<'tenant'>, id: Id<'connection'>, act: Act, state: ConnectionState) =>
    alter(tenantId, id, act, (row) =>
      row.state === state
        ? null
        : { set: { state, ...(state === 'active' ? afresh(clock) : {}) }, detail: { change: state === 'active' ? 'resumed' : state } },
    );

  const opened = async <Settings>(
    tenantId: Id<'tenant'>,
    id: string,
    connector: AnyConnector,
    given: { readonly settings: Settings; readonly credentials: ConnectionBody['credentials'] },
    signal: AbortSignal,
    row?: Pick<ConnectionRow, 'connectionId' | 'version'>,
  ) => {
    const credentials = await credentialsOf(tenantId, given.credentials, secrets);
    const saved =
      row === undefined
        ? {}
        : { saved: savedOf({ tenantId, connectionId: row.connectionId, version: row.version, connector: connector.kind }) };
    return contexts.of({ tenantId, connectionId: id, connector, settings: given.settings, credentials, signal, ...saved });
  };

  function checkReferences(tenantId: Id<'tenant'>, credentials: ConnectionBody['credentials']): void {
    for (const text of Object.values(credentials)) if (isReference(text)) secrets.check(tenantId, text);
  }

  const connections: Connections = {
    kinds: () => kinds.all,
    async list(tenantId) {
      const keys = await keysOf(tenantId);
      return (await inTenant(tenantId, (tx) => selectConnections(tx, tenantId))).map((row) => shown(row, keys));
    },
    get: async (tenantId, id) => shown(await find(tenantId, id), await keysOf(tenantId)),
    async create(tenantId, { connector: kind, ...given }, { actor }) {
      const connector = kinds.get(kind);
      readSettings(connector.settings, given.settings);
      checkCredentials(connector, given.credentials);
      checkReferences(tenantId, given.credentials);
      const keys = await keysOf(tenantId);
      const now = clock.now();
      const id = newId('connection', now.getTime());
      const hookSecret = connector.hook === undefined ? undefined : newHookSecret();
      const body = sealBody(keys, id, 1, { ...given, ...(hookSecret === undefined ? {} : { hookSecret }) });
      const row = await inTenant(tenantId, async (tx) => {
        await lockRoom(tx, tenantId);
        await deps.quotas.admitIn(tx, tenantId, 'connectors', (await countConnections(tx, tenantId)) + 1);
        await insertConnection(tx, {
          ...{ tenantId, connectionId: id, connector: kind, version: 1, body, author: actor },
          hookHash: hookSecret === undefined ? null : hookHash(hookSecret),
          runAt: now,
          createdAt: now,
        });
        await recordAudit(tx, tenantId, [{ kind: 'connection.created', actor, at: now, objectId: id, detail: { connector: kind } }]);
        const made = found(await selectConnection(tx, tenantId, id));
        await recordConnection(tx, keys, { before: null, after: made, actor, at: now });
        return made;
      });
      deps.onChanged?.();
      return shown(row, keys);
    },
    change: (tenantId, id, change, { actor, basedOn, mayRefer }) =>
      alter(tenantId, id, { actor }, (row, keys) => {
        if (basedOn !== null && basedOn !== row.version)
          throw new FactotumError('connection.changed', 'Somebody has changed this connection since you read it. Read it again.');
        const connector = kinds.get(row.connector);
        const before = openBody(keys, row);
        const body: ConnectionBody = {
          ...before,
          name: change.name ?? before.name,
          settings: change.settings ?? before.settings,
          credentials: merged(before.credentials, change.credentials ?? {}),
        };
        const settings = readSettings(connector.settings, body.settings);
        checkCredentials(connector, body.credentials);
        checkReferences(tenantId, body.credentials);
        const version = row.version + 1;
        const move = change.settings === undefined ? null : moveOf(connector, before.settings, { parsed: settings, given: body.settings });
        if (move?.leadsElsewhere && !mayRefer) requireAnew(before.credentials, change.credentials ?? {});
        return {
          set: {
            ...{ version, body: sealBody(keys, id, version, body) },
            ...(move?.toAnotherPlace ? { cursor: null, lastSuccessAt: null } : {}),
            ...(row.state === 'paused' ? {} : { state: 'active', ...afresh(clock) }),
          },
          detail: { change: 'edited', changed: Object.keys(change).sort(), version },
        };
      }),
    async remove(tenantId, id, { actor }) {
      const keys = await keysOf(tenantId);
      const now = clock.now();
      await inTenant(tenantId, async (tx) => {
        const before = found(await lockConnection(tx, tenantId, id));
        const { connector } = before;
        await deleteConnection(tx, tenantId, id);
        await recordConnection(tx, keys, { before, after: null, actor, at: now });
        await recordAudit(tx, tenantId, [{ kind: 'connection.deleted', actor, at: now, objectId: id, detail: { connector } }]);
      });
      deps.onChanged?.();
    },
    pause: (tenantId, id, act) => setState(tenantId, id, act, 'paused'),
    resume: (tenantId, id, act) => setState(tenantId, id, act, 'active'),
    async pollNow(tenantId, id) {
      const keys = await keysOf(tenantId);
      const now = clock.now();
      const row = await inTenant(tenantId, async (tx) => {
        const before = found(await lockConnection(tx, tenantId, id));
        if (before.state === 'active') await updateConnection(tx, { tenantId, id, now: before.updatedAt }, { runAt: now });
        return found(await selectConnection(tx, tenantId, id));
      });
      deps.onChanged?.();
      return shown(row, keys);
    },
    async test(tenantId, id) {
      const row = await find(tenantId, id);
      const connector = kinds.get(row.connector);
      const body = openBody(await keysOf(tenantId), row);
      return tryOut(connector, deps.log, (signal) =>
        opened(tenantId, id, connector, { ...body, settings: readSettings(connector.settings, body.settings) }, signal, row),
      );
    },
    async testUnsaved(tenantId, given) {
      const connector = kinds.get(given.connector);
      const settings = readSettings(connector.settings, given.settings);
      checkCredentials(connector, given.credentials);
      checkReferences(tenantId, given.credentials);
      return tryOut(connector, deps.log, (signal) =>
        opened(tenantId, `${tenantId} unsaved`, connector, { settings, credentials: given.credentials }, signal),
      );
    },
    async discover(tenantId, { connector: kind, address }) {
      const connector = kinds.get(kind);
      if (connector.discover === undefined) throw invalid(`${connector.title} cannot propose settings. Fill them in.`);
      const signal = AbortSignal.timeout(discoverMsMax);
      return connector.discover(contexts.network({ tenantId, connector, signal }), address).catch((error: unknown) => {
        throw errorOf(error);
      });
    },
    async open(tenantId, { connector, connectionId, signal = neverAborted }) {
      const row = await inTenant(tenantId, (tx) => selectActive(tx, tenantId, { connector: connector.kind, id: connectionId }));
      if (row === undefined) return null;
      const body = openBody(await keysOf(tenantId), row);
      const settings = readSettings(connector.settings, body.settings);
      const context = await opened(
        tenantId,
        row.connectionId,
        kinds.get(row.connector),
        { settings, credentials: body.credentials },
        signal,
        row,
      );
      return { id: row.connectionId, connector: row.connector, name: body.name, settings, credentials: context.credentials, context };
    },
    hook: (tenantId, id, secret, request) => receiveHook(parts, { tenantId, id, secret, request }),
    async references(tenantId) {
      const keys = await keysOf(tenantId);
      const rows = await inTenant(tenantId, (tx) => selectConnections(tx, tenantId));
      return rows.flatMap((row) => {
        const { name, credentials } = openBody(keys, row);
        return Object.values(credentials)
          .filter(isReference)
          .map((reference) => ({ reference, by: `connection ${name}` }));
      });
    },
    close: () => deps.network.close(),
  };
  return { connections, parts };
}

const discoverMsMax = 30_000;
const neverAborted = new AbortController().signal;

/** Due now, as if nothing had gone wrong. What had stays to be read until it works again. */
const afresh = (clock: Clock) => ({ failures: 0, runAt: clock.now() });

function found(row: ConnectionRow | undefined): ConnectionRow {
  if (row === undefined) throw new FactotumError('connection.not_found', 'There is no such connection.');
  return row;
}

const merged = (before: ConnectionBody['credentials'], change: Readonly<Record<string, string | null>>): ConnectionBody['credentials'] =>
  Object.fromEntries(Object.entries({ ...before, ...change }).filter((entry): entry is [string, string] => entry[1] !== null));
