import { FactotumError, type Id, newId } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { TenantKeys } from '#trust/key';
import { type Endpoint, faultSchema, type LastWords, lastWordsSchema, type ServerBody, serverBodySchema } from './schema.ts';
import {
  countServers,
  deleteServer,
  findServer,
  findServerBySlug,
  insertServer,
  lockServer,
  type ServerRow,
  selectServers,
  updateServer,
} from './store.ts';

/** More than anybody looks after; each is asked for its tools again and again. */
const serversMax = 50;

/** A tool server that a tenant has plugged in. */
export interface ToolServer {
  readonly id: Id<'toolServer'>;
  readonly slug: string;
  readonly title: string;
  readonly endpoint: Endpoint;
  /** `broken`: it cannot be used until a person does something about it; `fault` says what. */
  readonly state: 'active' | 'paused' | 'broken';
  readonly version: number;
  readonly isSignedIn: boolean;
  readonly fault: { readonly code: string; readonly message: string } | null;
  /** The end of what a program said on standard error when that was last kept: its own words, without secrets. */
  readonly lastWords: LastWords | null;
  /** When its tools were looked at last. */
  readonly checkedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Who changes something, and when. */
export interface By {
  readonly actor: string;
  readonly at: Date;
}

/** Newest first. @throws FactotumError `seal.broken`. */
export async function listServers(tx: Tx, keys: TenantKeys): Promise<ToolServer[]> {
  return (await selectServers(tx, keys.tenantId)).map((row) => opened(keys, row));
}

/** @throws FactotumError `tool_server.not_found`. */
export async function readServer(tx: Tx, keys: TenantKeys, serverId: string): Promise<ToolServer> {
  return opened(keys, found(await findServer(tx, keys.tenantId, rowId(serverId))));
}

/** The server in a tool's name; null when there is none. */
export async function readServerOfSlug(tx: Tx, keys: TenantKeys, slug: string): Promise<ToolServer | null> {
  const row = await findServerBySlug(tx, keys.tenantId, slug);
  return row === undefined ? null : opened(keys, row);
}

/**
 * Plugs a server in. None of its tools can be used before somebody has confirmed it.
 *
 * @throws FactotumError `tool_server.invalid` when its short name is taken, or there are 50 already.
 */
export async function createServer(tx: Tx, keys: TenantKeys, given: ServerBody & { readonly slug: string } & By): Promise<ToolServer> {
  const { tenantId } = keys;
  const { slug, title, endpoint, actor, at } = given;
  if ((await countServers(tx, tenantId)) >= serversMax)
    throw new FactotumError('tool_server.invalid', `There are ${serversMax} tool servers already. Delete one that nobody needs.`);
  const serverId = newId('toolServer');
  const row: ServerRow = {
    ...{ tenantId, serverId, slug, kind: endpoint.kind, state: 'active', version: 1, author: actor, createdAt: at, updatedAt: at },
    ...{ login: null, loginVersion: 0, authorisation: null, authorisationHash: null, faultCode: null, fault: null },
    ...{ lastWords: null, checkedAt: null },
    body: keys.sealJson(serverRef(serverId, 1), { title, endpoint }),
  };
  if (!(await insertServer(tx, row)))
    throw new FactotumError('tool_server.invalid', `There is a tool server called ${slug} already. Choose another short name.`);
  await audit(tx, keys, serverId, { actor, at }, { change: 'created', server: slug, kind: endpoint.kind });
  return opened(keys, row);
}

/**
 * Changes title, place or sign-in. A server at another place is another server: its login is dropped, and its tools are confirmed anew when
 * they differ in anything.
 *
 * @throws FactotumError `tool_server.not_found`, `tool_server.changed` when somebody changed it since `version` was read.
 */
export async function changeServer(
  tx: Tx,
  keys: TenantKeys,
  serverId: string,
  change: Partial<ServerBody> & { readonly state?: 'active' | 'paused'; readonly version: number } & By,
): Promise<ToolServer> {
  const row = found(await lockServer(tx, keys.tenantId, rowId(serverId)));
  if (row.version !== change.version)
    throw new FactotumError('tool_server.changed', 'Somebody has changed this tool server since you read it. Read it again.');
  const before = bodyOf(keys, row);
  const endpoint = change.endpoint ?? before.endpoint;
  const isMoved = JSON.stringify(endpoint) !== JSON.stringify(before.endpoint);
  const version = row.version + 1;
  const changed = {
    ...{ version, kind: endpoint.kind, author: change.actor, updatedAt: change.at },
    body: keys.sealJson(serverRef(row.serverId, version), { title: change.title ?? before.title, endpoint }),
    state: change.state ?? (isMoved && row.state === 'broken' ? 'active' : row.state),
    ...(isMoved ? { login: null, loginVersion: row.loginVersion + 1, authorisation: null, authorisationHash: null } : {}),
    ...(isMoved || change.state === 'active' ? { faultCode: null, fault: null } : {}),
    ...(isMoved ? { lastWords: null } : {}),
  };
  await updateServer(tx, keys.tenantId, row.serverId, changed);
  const what = change.state === undefined ? 'changed' : change.state === 'paused' ? 'paused' : 'resumed';
  await audit(tx, keys, row.serverId, change, { change: what, server: row.slug, version });
  return opened(keys, { ...row, ...changed });
}

/** Unplugs a server, with its tools and its login. @throws FactotumError `tool_server.not_found`. */
export async function removeServer(tx: Tx, keys: TenantKeys, serverId: string, by: By): Promise<void> {
  const row = found(await lockServer(tx, keys.tenantId, rowId(serverId)));
  await deleteServer(tx, keys.tenantId, row.serverId);
  await audit(tx, keys, row.serverId, by, { change: 'removed', server: row.slug });
}

/**
 * Notes how a look at a server went. Only what a person has to mend makes it `broken`; what passes is noted and tried again. A paused server
 * stays paused.
 */
export async function noteLook(
  tx: Tx,
  keys: TenantKeys,
  serverId: Id<'toolServer'>,
  look: { readonly at: Date; readonly fault: { readonly code: string; readonly message: string; readonly isForPeople: boolean } | null },
): Promise<void> {
  const row = await lockServer(tx, keys.tenantId, serverId);
  if (row === undefined) return;
  const state =
    row.state === 'paused' ? 'paused' : look.fault?.isForPeople === true ? 'broken' : look.fault === null ? 'active' : row.state;
  await updateServer(tx, keys.tenantId, serverId, {
    ...(state === row.state ? {} : { state }),
    checkedAt: look.fault === null ? look.at : row.checkedAt,
    faultCode: look.fault?.code ?? null,
    fault: look.fault === null ? null : keys.sealJson(faultRef(serverId), { message: look.fault.message }),
  });
  if (state === 'broken' && row.state !== 'broken')
    await audit(
      tx,
      keys,
      serverId,
      { actor: 'system:tools', at: look.at },
      { change: 'broken', server: row.slug, code: look.fault?.code ?? '' },
    );
}

/** Notes what a program has said on standard error, in place of what it had said before, unless the server is another by now. */
export async function noteLastWords(
  tx: Tx,
  keys: TenantKeys,
  { id: serverId, version }: Pick<ToolServer, 'id' | 'version'>,
  words: { readonly lines: readonly string[]; readonly at: Date },
): Promise<void> {
  if ((await lockServer(tx, keys.tenantId, serverId))?.version !== version) return;
  const said: LastWords = { lines: [...words.lines], at: words.at.toISOString() };
  await updateServer(tx, keys.tenantId, serverId, { lastWords: keys.sealJson(lastWordsRef(serverId), said) });
}

export const audit = (
  tx: Tx,
  { tenantId }: TenantKeys,
  serverId: Id<'toolServer'>,
  { actor, at }: By,
  detail: Readonly<Record<string, string | number>>,
): Promise<void> => recordAudit(tx, tenantId, [{ kind: 'tool_server.changed', actor, at, objectId: serverId, detail }]);

/** What is no id at all is the id of no row, so nothing is found by it. */
export const rowId = (text: string): Id<'toolServer'> => text as Id<'toolServer'>;

export function found<R>(row: R | undefined): R {
  if (row === undefined) throw new FactotumError('tool_server.not_found', 'There is no such tool server.');
  return row;
}

const serverRef = (serverId: Id<'toolServer'>, version: number) => ({ kind: 'tool_server', id: serverId, version });
const lastWordsRef = (serverId: Id<'toolServer'>) => ({ kind: 'tool_server.last_words', id: serverId });
const faultRef = (serverId: Id<'toolServer'>) => ({ kind: 'tool_server.fault', id: serverId });

const bodyOf = (keys: TenantKeys, { serverId, version, body }: ServerRow): ServerBody =>
  keys.openJson(serverRef(serverId, version), body, serverBodySchema);

export function opened(keys: TenantKeys, row: ServerRow): ToolServer {
  const { serverId, slug, state, version, login, faultCode, fault, lastWords, checkedAt, createdAt, updatedAt } = row;
  return {
    ...{ id: serverId, slug, state, version, checkedAt, createdAt, updatedAt },
    ...bodyOf(keys, row),
    isSignedIn: login !== null,
    lastWords: lastWords === null ? null : keys.openJson(lastWordsRef(serverId), lastWords, lastWordsSchema),
    fault:
      faultCode === null || fault === null
        ? null
        : { code: faultCode, message: keys.openJson(faultRef(serverId), fault, faultSchema).message },
  };
}
