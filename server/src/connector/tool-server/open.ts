import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { z } from 'zod';
import { keepLogin, readLogin, readServer, type SignIn, type ToolLogin, type ToolServer } from '#flow/tool-server';
import { type Clock, FactotumError, type Id, type Logger } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { OutboundTls } from '#kernel/outbound';
import type { KeysOf } from '#trust/key';
import type { Program } from './confinement.ts';
import { SignInNeeded } from './fault.ts';
import { refreshOAuth } from './oauth.ts';
import { createOutside, type Outside } from './outside.ts';
import { createProgramTransport } from './program.ts';
import { createWebTransport } from './web.ts';

export interface OpenDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  /** The value of a secret of the tenant's. @throws FactotumError `secret.*`. */
  readonly resolveSecret: (tenantId: Id<'tenant'>, reference: string) => Promise<string>;
  /** `host:port` that tenants may use although they are in a private network, and without TLS. */
  readonly allowHosts: readonly string[];
  readonly programs: readonly Program[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** The way to one server, and what it holds open. */
export interface Way {
  readonly transport: Transport;
  /** How long it may be idle, in milliseconds. */
  readonly idleMs: number;
  /** The last of what a program has said on standard error; servers elsewhere say nothing of the kind. */
  readonly lastWords: (() => Promise<readonly string[]>) | null;
  close(): Promise<void>;
}

const webIdleMs = 300_000;
/** A token that is about to run out is renewed before, in milliseconds. */
const earlyMs = 30_000;

/** @throws FactotumError `secret.*`, `tool_server.invalid` for a program that the operator does not allow (any more). */
export async function openWay(deps: OpenDeps, tenantId: Id<'tenant'>, server: ToolServer, onListChanged: () => void): Promise<Way> {
  const { endpoint } = server;
  if (endpoint.kind === 'program') return runProgram(deps, tenantId, endpoint, onListChanged);
  const outside = await outsideFor(deps, tenantId, endpoint.signIn);
  const credentials = await credentialsFor(deps, tenantId, server, endpoint.signIn, outside);
  const transport = createWebTransport({ url: endpoint.url, fetch: outside.fetch, onListChanged, ...credentials });
  return { transport, idleMs: webIdleMs, lastWords: null, close: () => outside.close() };
}

/** What calls a server: with the tenant's client certificate where it has one. */
export async function outsideFor({ resolveSecret, allowHosts }: OpenDeps, tenantId: Id<'tenant'>, signIn: SignIn): Promise<Outside> {
  const allowed = new Set(allowHosts.map((host) => host.toLowerCase()));
  if (signIn.kind !== 'mtls') return createOutside(allowed);
  return createOutside(allowed, tlsOf(await resolveSecret(tenantId, signIn.certificate), signIn.authorities));
}

async function runProgram(
  { programs, resolveSecret, log }: OpenDeps,
  tenantId: Id<'tenant'>,
  endpoint: Extract<ToolServer['endpoint'], { kind: 'program' }>,
  onListChanged: () => void,
): Promise<Way> {
  const program = programs.find(({ id }) => id === endpoint.program);
  if (program === undefined)
    throw new FactotumError(
      'tool_server.invalid',
      `The operator does not allow a program called ${endpoint.program} (FACTOTUM_TOOL_PROGRAMS).`,
    );
  const given = Object.entries(endpoint.env);
  const foreign = given.find(([name]) => !program.env.includes(name));
  if (foreign !== undefined)
    throw new FactotumError('tool_server.invalid', `The operator does not let tenants set ${foreign[0]} for ${program.id}.`);
  const env: Record<string, string> = {};
  for (const [name, reference] of given) env[name] = await resolveSecret(tenantId, reference);
  const transport = createProgramTransport({ program, tenant: tenantId, env, onListChanged, log });
  return { transport, idleMs: program.idleSeconds * 1_000, lastWords: () => transport.lastWords(), close: async () => undefined };
}

interface Credentials {
  readonly credentials: () => Promise<Readonly<Record<string, string>>>;
  readonly renew: () => Promise<boolean>;
}

async function credentialsFor(
  deps: OpenDeps,
  tenantId: Id<'tenant'>,
  server: ToolServer,
  signIn: SignIn,
  outside: Outside,
): Promise<Credentials> {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  switch (signIn.kind) {
    case 'none':
    case 'mtls':
      return { credentials: async () => ({}), renew: async () => false };
    case 'bearer':
      // Asked for each time: a secret may be replaced while we are connected.
      return { credentials: async () => bearer(await deps.resolveSecret(tenantId, signIn.token)), renew: async () => false };
    case 'oauth': {
      let login = await loginNow(deps, tenantId, server, { outside, not: null });
      return {
        async credentials() {
          if (isRunningOut(login, deps.clock.now())) login = await loginNow(deps, tenantId, server, { outside, not: login.accessToken });
          return bearer(login.accessToken);
        },
        async renew() {
          login = await loginNow(deps, tenantId, server, { outside, not: login.accessToken });
          return true;
        },
      };
    }
  }
}

/**
 * The login as it is, renewed when it is running out or its token is one that was refused (`not`). The server's row is locked meanwhile:
 * an authorisation server that sees one refresh token twice takes it for stolen and revokes everything.
 *
 * @param server - as it was opened: a login for the place where it is now is not sent to where it was
 * @throws SignInNeeded when nobody is signed in; FactotumError `server.busy` when the server has been moved since.
 */
async function loginNow(
  { database, keysOf, clock }: OpenDeps,
  tenantId: Id<'tenant'>,
  { id: serverId, endpoint }: ToolServer,
  { outside, not }: { readonly outside: Outside; readonly not: string | null },
): Promise<ToolLogin> {
  const keys = await keysOf(tenantId);
  return withTenant(database.app.db, tenantId, async (tx) => {
    const { login, version } = await readLogin(tx, keys, serverId);
    if (!isDeepStrictEqual((await readServer(tx, keys, serverId)).endpoint, endpoint))
      throw new FactotumError('server.busy', 'The tool server has just been changed. Try again.');
    if (login === null) throw new SignInNeeded('Nobody has signed in to this server yet.');
    if (login.accessToken !== not && !isRunningOut(login, clock.now())) return login;
    const renewed = await refreshOAuth(login, { fetch: outside.fetch, now: clock.now() });
    await keepLogin(tx, keys, serverId, { login: renewed, basedOn: version });
    return renewed;
  });
}

const isRunningOut = ({ expiresAt }: ToolLogin, now: Date): boolean =>
  expiresAt !== null && Date.parse(expiresAt) - now.getTime() < earlyMs;

/** As secrets of kind certificate hold it. */
const certificateSchema = z.looseObject({ certificate: z.string(), privateKey: z.string(), authorities: z.string().optional() });

/** @throws FactotumError `tool_server.invalid` for a secret that holds no certificate. */
function tlsOf(value: string, authorities: string | null): OutboundTls {
  try {
    const { certificate, privateKey, authorities: own } = certificateSchema.parse(JSON.parse(value));
    // Says now what would otherwise fail in the middle of a handshake.
    new X509Certificate(certificate);
    const ca = authorities ?? own;
    return { cert: certificate, key: privateKey, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) };
  } catch (cause) {
    throw new FactotumError(
      'tool_server.invalid',
      'The secret that is named as the certificate holds none: it needs JSON with `certificate` and `privateKey` in PEM.',
      { cause },
    );
  }
}
