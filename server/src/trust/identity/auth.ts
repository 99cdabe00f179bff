import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { organization } from 'better-auth/plugins/organization';
import { type Clock, type Logger, newId } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import { accessControl } from './permissions.ts';
import { signIn } from './sign-in/plugin.ts';

export interface AuthDeps {
  readonly auth: RoleDatabase;
  /** Asked at each request, as the port may be known only once the server listens. The first is the public address. */
  readonly publicOrigins: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a session lives in all, and how long without use, in milliseconds: a month of working days, a night in between. */
export const sessionLife = { absoluteMs: 30 * 24 * 3_600_000, idleMs: 12 * 3_600_000 };

/** What marks the keys of tenants in their table. */
export const keyConfiguration = 'default';

/** What every key starts with, so that people and secret scanners recognise one. */
export const keyPrefix = 'fct_';

/** The header in which better-auth finds the client's address: ours, removed from what came in and set from the socket. */
export const clientAddressHeader = 'x-factotum-client-address';

/** better-auth as we run it. The tables it needs are in `server/sql`; a test compares. */
export function createAuth(deps: AuthDeps, secret: string) {
  return betterAuth({ ...optionsOf(deps, secret), plugins: pluginsOf(deps) });
}

export type Auth = ReturnType<typeof createAuth>;

function pluginsOf(deps: AuthDeps) {
  return [
    organization({
      ...accessControl(),
      creatorRole: 'owner',
      // Tenants are made with their keys, audit log and vault, by #trust/tenant.
      allowUserToCreateOrganization: false,
      disableOrganizationDeletion: true,
      requireEmailVerificationOnInvitation: true,
    }),
    signIn(deps.clock),
  ];
}

function optionsOf({ auth, publicOrigins, clock, log }: AuthDeps, secret: string) {
  const publicOrigin = publicOrigins()[0] ?? 'http://factotum.invalid';
  return {
    appName: 'Factotum',
    baseURL: publicOrigin,
    basePath: '/api/auth',
    // A list rather than `secret`: it has precedence over everything in the environment, and is how a secret is rotated.
    secrets: [{ version: 1, value: secret }],
    trustedOrigins: async () => [...publicOrigins()],
    // Without our camel-case plug-in: these columns are named in camel case.
    database: { db: auth.db.withoutPlugins(), type: 'postgres', transaction: true },
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      log: (level, message, ...rest) => log[level]({ err: rest.find((part) => part instanceof Error) }, `identity: ${message}`),
    },
    session: {
      // The cookie and a row live at most this long. Idle time is ours (`createActivity`): better-auth would slide without an end.
      expiresIn: sessionLife.absoluteMs / 1_000,
      disableSessionRefresh: true,
      // Ours, and no client's: how the session came to be, and when its person last proved to be present.
      additionalFields: {
        method: { type: 'string', required: true, input: false, defaultValue: 'link' },
        stepUpAt: { type: 'date', required: false, input: false },
        secondFactor: { type: 'string', required: false, input: false },
      },
    },
    databaseHooks: {
      session: {
        create: { before: async (session) => ({ data: { ...session, expiresAt: new Date(clock.now().getTime() + sessionLife.idleMs) } }) },
      },
    },
    // The default is on only in production, and in memory: per process.
    rateLimit: { enabled: true, storage: 'database', window: 60, max: 600 },
    advanced: {
      cookiePrefix: 'factotum',
      useSecureCookies: publicOrigin.startsWith('https:'),
      defaultCookieAttributes: { sameSite: 'lax', httpOnly: true, path: '/' },
      ipAddress: { ipAddressHeaders: [clientAddressHeader] },
      // Said explicitly, because the default switches both checks off where NODE_ENV is test.
      disableCSRFCheck: false,
      disableOriginCheck: false,
      database: { generateId: ({ model }) => idFor(model) },
    },
  } satisfies BetterAuthOptions;
}

/** Our ids for what we name elsewhere; what stays inside better-auth gets the same 24 digits without a prefix. */
function idFor(model: string): string {
  switch (model) {
    case 'user':
      return newId('user');
    case 'organization':
      return newId('tenant');
    case 'session':
      return newId('session');
    default:
      return newId('request').slice(-24);
  }
}
