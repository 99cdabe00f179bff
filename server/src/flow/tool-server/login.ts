import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FactotumError, type Id, jsonObjectSchema } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { audit, type By, found, opened, type ToolServer } from './servers.ts';
import { lockServer, takeAuthorisation, updateLogin, updateServer } from './store.ts';

/** Who we are to an authorisation server, and what it has said of itself. */
const clientSchema = z.object({
  authorisationServer: z.string(),
  metadata: jsonObjectSchema.nullable(),
  client: jsonObjectSchema,
  resource: z.string().nullable(),
});

/** What is sealed of a server that we are signed in to by OAuth. */
const loginSchema = clientSchema.extend({
  accessToken: z.string(),
  refreshToken: z.string().nullable(),
  expiresAt: z.iso.datetime().nullable(),
});
export type ToolLogin = z.infer<typeof loginSchema>;

/** What is sealed while somebody is away at the authorisation server. */
const authorisationSchema = clientSchema.extend({
  codeVerifier: z.string(),
  redirectUri: z.string(),
  /** Whoever began it ends it. */
  actor: z.string(),
  expiresAt: z.iso.datetime(),
});
export type PendingSignIn = z.infer<typeof authorisationSchema>;

/** Remembers a sign-in that begins; an earlier one of the same server is void. */
export async function keepPending(
  tx: Tx,
  keys: TenantKeys,
  serverId: Id<'toolServer'>,
  pending: PendingSignIn & { readonly state: string },
): Promise<void> {
  const { state, ...body } = pending;
  const ref = { kind: 'tool_server.authorisation', id: serverId };
  await updateServer(tx, keys.tenantId, serverId, {
    authorisation: keys.seal('credential', ref, Buffer.from(JSON.stringify(body))),
    authorisationHash: hashOf(state),
  });
}

/**
 * Takes the sign-in that this state belongs to; it is had once.
 *
 * @throws FactotumError `tool_server.invalid` when there is none, it took too long, or somebody else began it.
 */
export async function takePending(
  tx: Tx,
  keys: TenantKeys,
  { state, actor, at }: By & { readonly state: string },
): Promise<{ readonly server: ToolServer; readonly pending: PendingSignIn; readonly loginVersion: number }> {
  const row = await takeAuthorisation(tx, keys.tenantId, hashOf(state));
  const sealed = row?.authorisation;
  if (row === undefined || sealed === null || sealed === undefined) throw tooLate();
  const ref = { kind: 'tool_server.authorisation', id: row.serverId };
  const pending = authorisationSchema.parse(JSON.parse(Buffer.from(keys.open('credential', ref, sealed)).toString('utf8')));
  if (pending.actor !== actor || new Date(pending.expiresAt) <= at) throw tooLate();
  return { server: opened(keys, row), pending, loginVersion: row.loginVersion };
}

/** The login in force, or null. @throws FactotumError `tool_server.not_found`. */
export async function readLogin(
  tx: Tx,
  keys: TenantKeys,
  serverId: Id<'toolServer'>,
): Promise<{ readonly login: ToolLogin | null; readonly version: number }> {
  const row = found(await lockServer(tx, keys.tenantId, serverId));
  if (row.login === null) return { login: null, version: row.loginVersion };
  const bytes = keys.open('credential', loginRef(serverId, row.loginVersion), row.login);
  return { login: loginSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))), version: row.loginVersion };
}

/** Puts a login in force, or none. @returns false when another has been kept since `basedOn`. */
export function keepLogin(
  tx: Tx,
  keys: TenantKeys,
  serverId: Id<'toolServer'>,
  { login, basedOn }: { readonly login: ToolLogin | null; readonly basedOn: number },
): Promise<boolean> {
  const sealed = login === null ? null : keys.seal('credential', loginRef(serverId, basedOn + 1), Buffer.from(JSON.stringify(login)));
  return updateLogin(tx, keys.tenantId, serverId, { login: sealed, basedOn });
}

/** Writes down that somebody has signed us in. */
export const noteSignIn = (tx: Tx, keys: TenantKeys, server: Pick<ToolServer, 'id' | 'slug'>, by: By): Promise<void> =>
  audit(tx, keys, server.id, by, { change: 'signed_in', server: server.slug });

const loginRef = (serverId: Id<'toolServer'>, version: number) => ({ kind: 'tool_server.login', id: serverId, version });
const hashOf = (state: string): Buffer => createHash('sha256').update(state).digest();
const tooLate = () => new FactotumError('tool_server.invalid', 'This sign-in is over, or somebody else began it. Begin it again.');
