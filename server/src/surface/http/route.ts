import type { IncomingMessage } from 'node:http';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { z } from 'zod';
import { type ErrorCode, FactotumError, type Id, type RateClass } from '#kernel';
import { type Tx, withTenant, withTenantSnapshot } from '#kernel/database';
import type { Language } from '#kernel/words';
import type { Caller, OperatorPerson, Permission, PersonSession, Principal } from '#trust/identity';
import type { TenantKeys } from '#trust/key';
import type { Counted } from '#trust/quota';
import { type BodySpec, readBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Entry, Gate } from './gate.ts';
import type { Idempotency } from './idempotency.ts';
import { languageAsked } from './language.ts';
import { refuseFaults } from './problem.ts';
import { addressOf, classOf, type RateLimit } from './rate-limit.ts';

/** What the server hands in with a request, and what its way through us leaves behind. */
export interface Env {
  Bindings: {
    incoming?: IncomingMessage;
    /** Why the listener lets it in no further. */
    refusal?: FactotumError;
    /** Somebody whom another door has let in already. Only code can say so: a server passes on nothing but the connection. */
    principal?: Principal;
  };
  /** `counted`: the limits that the request was counted against. `place`: what it has while it is under way, once it is known whose it is. */
  Variables: { requestId: string; route: string; counted: Counted[]; place?: { tenantId: Id<'tenant'>; leave: () => void } };
}
export type App = OpenAPIHono<Env>;

/** By status: the schema of the JSON that is answered, null for no body, a media type for bytes. */
export type Answers = Readonly<Record<number, z.ZodType | null | string>>;

/** One route: everything about it that is not the work itself. The description of the API is written from it. */
export interface RouteSpec<P extends z.ZodObject, Q extends z.ZodObject, B, A extends Answers> {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With `{id}` for one segment, and `{path}` last for one or more. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: BodySpec<B>;
  /** That the work reads the body itself, piece by piece: of whatever type, for the description alone. */
  readonly takesBytes?: boolean;
  readonly answers: A;
  /** Whether a person must have proved within the last ten minutes that it is them: for what is dangerous in the wrong hands. */
  readonly fresh?: boolean;
  /** Whether it can be used although the tenant is being closed. What only reads can be used anyway. */
  readonly whileClosing?: boolean;
  /** Whether an answer may hold what lets somebody in: nobody on the way packs it, as its size would tell of it (RFC 9111, 5.2.2.6). */
  readonly holdsCredential?: boolean;
  /** Which limits it is counted against, where its method does not say: reading is `read`, the rest `write`, or `sign-in` where it is open. */
  readonly limit?: RateClass | 'none';
  /** The codes that callers of this route should be ready for, besides those of every route. */
  readonly errors?: readonly ErrorCode[];
}
export type AnySpec = RouteSpec<z.ZodObject, z.ZodObject, unknown, Answers>;

/**
 * What somebody must hold to use a route. `signed-in`: any credential of the tenant; `operator`: a session of an operator's;
 * `person`: a session, of whomever; `known`: any of these; `open`: none at all.
 */
export type Access = Permission | 'signed-in' | 'operator' | 'person' | 'known' | 'open';

/** What is known of every request. */
export interface OpenCall<P extends z.ZodObject = z.ZodObject, Q extends z.ZodObject = z.ZodObject, B = unknown> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: B;
  readonly request: Request;
  readonly requestId: string;
  readonly caller: Caller;
  /** What the request asks to be read in; what a person has chosen is kept with them. */
  readonly language: Language;
  readonly now: Date;
}

/** What is known of a request of somebody known. The tenant is that of the credential; nothing in a request names another. */
export interface Call<P extends z.ZodObject = z.ZodObject, Q extends z.ZodObject = z.ZodObject, B = unknown> extends OpenCall<P, Q, B> {
  readonly principal: Principal;
  readonly tenantId: Id<'tenant'>;
  readonly keys: TenantKeys;
  /** One transaction for the tenant. */
  inTenant<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
  /** Like `inTenant`, for reading what has to be of one moment. */
  inSnapshot<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
}

/** What is known of a request of somebody who operates the installation. It is about no tenant unless its path or body names one. */
export interface OperatorCall<P extends z.ZodObject = z.ZodObject, Q extends z.ZodObject = z.ZodObject, B = unknown>
  extends OpenCall<P, Q, B> {
  readonly operator: OperatorPerson;
}

/** What is known of a request about the one who sends it: somebody of a tenant, or somebody who operates the installation. */
export interface KnownCall<P extends z.ZodObject = z.ZodObject, Q extends z.ZodObject = z.ZodObject, B = unknown>
  extends OpenCall<P, Q, B> {
  readonly principal: Principal | OperatorPerson;
}

/** The same of a person, in their session. */
export interface PersonCall<P extends z.ZodObject = z.ZodObject, Q extends z.ZodObject = z.ZodObject, B = unknown>
  extends KnownCall<P, Q, B> {
  readonly session: PersonSession;
}

/** What a use case answers: a declared status with its body, or a response that is ready. */
export type Answer<A extends Answers> =
  | { [S in keyof A]: A[S] extends z.ZodType ? { status: S; body: z.input<A[S]> } : A[S] extends null ? { status: S } : never }[keyof A]
  | Response;

/** Where routes are added. */
export interface Routes {
  /** A route for those who hold a permission, or for everybody who is signed in. */
  add<P extends z.ZodObject, Q extends z.ZodObject, B, const A extends Answers>(
    access: Permission | 'signed-in',
    spec: RouteSpec<P, Q, B, A>,
    work: (call: Call<P, Q, B>) => Promise<Answer<A>>,
  ): void;
  /** A route for those who operate the installation, in the browser. */
  addOperator<P extends z.ZodObject, Q extends z.ZodObject, B, const A extends Answers>(
    spec: RouteSpec<P, Q, B, A>,
    work: (call: OperatorCall<P, Q, B>) => Promise<Answer<A>>,
  ): void;
  /** A route about the person who asks: of a tenant, or operating the installation. */
  addPerson<P extends z.ZodObject, Q extends z.ZodObject, B, const A extends Answers>(
    spec: RouteSpec<P, Q, B, A>,
    work: (call: PersonCall<P, Q, B>) => Promise<Answer<A>>,
  ): void;
  /** A route about whoever asks, with whatever credential. */
  addKnown<P extends z.ZodObject, Q extends z.ZodObject, B, const A extends Answers>(
    spec: RouteSpec<P, Q, B, A>,
    work: (call: KnownCall<P, Q, B>) => Promise<Answer<A>>,
  ): void;
  /** A route for everybody. There are few, and a test knows them all. */
  addOpen<P extends z.ZodObject, Q extends z.ZodObject, B, const A extends Answers>(
    spec: RouteSpec<P, Q, B, A>,
    work: (call: OpenCall<P, Q, B>) => Promise<Answer<A>>,
  ): void;
  /** Everything added so far. */
  readonly table: readonly { readonly access: Access; readonly spec: AnySpec }[];
  /** Answers every other method on these paths; call it when all are added. */
  refuseOtherMethods(): void;
}

/** The one way of a request: who is it, may they, what do they want, has it been done already, do it, answer. */
export function createRoutes(
  app: App,
  deps: HttpDeps,
  { gate, idempotency, rateLimit }: { gate: Gate; idempotency: Idempotency; rateLimit: RateLimit },
): Routes {
  const table: { access: Access; spec: AnySpec }[] = [];

  function register(access: Access, spec: AnySpec, handle: (c: Context<Env>) => Promise<Response>): void {
    table.push({ access, spec });
    const rateClass = classOf(access, spec);
    app.on(spec.method.toUpperCase(), honoPath(spec.path), async (c) => {
      c.set('route', spec.path);
      if (rateClass !== null) await rateLimit.address(c, rateClass);
      const response = await handle(c);
      if (spec.holdsCredential === true) response.headers.set('cache-control', 'no-store, no-transform');
      return response;
    });
  }

  const entryOf = (c: Context<Env>, access: Access, spec: AnySpec): Entry => ({
    requestId: c.var.requestId,
    address: addressOf(c, deps.clientAddress),
    known: c.env?.principal,
    onFound: async (principal) => {
      const rateClass = classOf(access, spec);
      if (rateClass !== null) await rateLimit.requester(c, rateClass, principal);
    },
  });

  return {
    table,
    add: (access, spec, work) =>
      register(access, spec, async (c) => {
        const request = c.req.raw;
        const principal = await gate.enter(
          request,
          { access, fresh: spec.fresh === true, whileClosing: spec.whileClosing === true },
          entryOf(c, access, spec),
        );
        const { tenantId } = principal;
        const keys = await deps.keyring.of(tenantId);
        const { call, bytes } = await readCall(c, spec, deps);
        const done = async () => {
          const { db } = deps.database.app;
          const inTenant = <R>(unit: (tx: Tx) => Promise<R>) => withTenant(db, tenantId, unit);
          const inSnapshot = <R>(unit: (tx: Tx) => Promise<R>) => withTenantSnapshot(db, tenantId, unit);
          return toResponse(await work({ ...call, principal, tenantId, keys, inTenant, inSnapshot }));
        };
        const key = spec.method === 'post' ? request.headers.get('idempotency-key') : null;
        return key === null
          ? done()
          : idempotency.once(
              keys,
              {
                key,
                actor: principal.actor,
                permissions: principal.permissions,
                route: `POST ${c.req.path}`,
                bytes,
                requestId: call.requestId,
              },
              done,
            );
      }),
    addOperator: (spec, work) =>
      register('operator', spec, async (c) => {
        const operator = await gate.enterOperator(c.req.raw, { fresh: spec.fresh === true });
        const { call } = await readCall(c, spec, deps);
        return toResponse(await work({ ...call, operator }));
      }),
    addPerson: (spec, work) =>
      register('person', spec, async (c) => {
        const principal = await gate.enterKnown(c.req.raw, { access: 'person', fresh: spec.fresh === true }, entryOf(c, 'person', spec));
        const { session } = principal;
        if (session === undefined) throw new FactotumError('auth.forbidden', 'This is about a person, and needs their session.');
        const { call } = await readCall(c, spec, deps);
        return toResponse(await work({ ...call, principal, session }));
      }),
    addKnown: (spec, work) =>
      register('known', spec, async (c) => {
        const principal = await gate.enterKnown(c.req.raw, { access: 'known' }, entryOf(c, 'known', spec));
        const { call } = await readCall(c, spec, deps);
        return toResponse(await work({ ...call, principal }));
      }),
    addOpen: (spec, work) => register('open', spec, async (c) => toResponse(await work((await readCall(c, spec, deps)).call))),
    refuseOtherMethods: () => {
      const methods = Map.groupBy(table, ({ spec }) => spec.path);
      for (const [path, entries] of methods) {
        const allow = entries.map(({ spec }) => spec.method.toUpperCase()).sort();
        app.all(honoPath(path), async (c) => {
          await rateLimit.address(c, 'read');
          throw new FactotumError('request.method_not_allowed', `This address takes ${allow.join(', ')}.`, { details: { allow } });
        });
      }
    },
  };
}

const honoPath = (path: string): string => path.replace('{path}', ':path{.+}').replaceAll(/\{(\w+)\}/g, ':$1');

/** Everything a route wants to know of its request, parsed. */
async function readCall<P extends z.ZodObject, Q extends z.ZodObject, B>(
  c: Context<Env>,
  spec: RouteSpec<P, Q, B, Answers>,
  deps: HttpDeps,
): Promise<{ call: OpenCall<P, Q, B>; bytes: Uint8Array }> {
  const request = c.req.raw;
  const bytes = spec.body === undefined ? new Uint8Array() : await readBody(request, spec.body);
  const call = {
    params: readParams(c, spec),
    query: readQuery(c, spec),
    // Without a body there is nothing that `work` could read here: its type is then unknown.
    body: spec.body?.parse(bytes) as B,
    request,
    requestId: c.var.requestId,
    caller: { address: addressOf(c, deps.clientAddress) },
    language: languageAsked(c),
    now: deps.clock.now(),
  };
  return { call, bytes };
}

/** Ids are not checked for their form: what is not there is not found, whatever it looks like. */
function readParams<P extends z.ZodObject, Q extends z.ZodObject, B>(c: Context<Env>, spec: RouteSpec<P, Q, B, Answers>): z.output<P> {
  const given: Record<string, string> = { ...c.req.param() };
  // A path of the vault says itself what is wrong with it.
  refuseZeroBytes(Object.entries(given).filter(([name]) => name !== 'path'));
  if ('path' in given) given.path = wholePath(c, spec.path);
  const params = spec.params?.safeParse(given) ?? { success: true, data: {} };
  if (!params.success) throw new FactotumError('request.not_found', 'There is nothing at this address.');
  // Without a schema there is nothing that `work` could read here: its type is then an empty object.
  return params.data as z.output<P>;
}

/** The rest of the address, decoded once and whole: the router decodes what it can and keeps what it cannot. */
function wholePath(c: Context<Env>, path: string): string {
  const { pathname } = new URL(c.req.url);
  try {
    return decodeURIComponent(pathname.slice(path.indexOf('{path}')));
  } catch {
    throw new FactotumError('vault.path_invalid', 'The address is not encoded correctly.');
  }
}

/** The database takes no text with a zero byte in it, so it is the name of nothing. @throws FactotumError `request.invalid`. */
function refuseZeroBytes(texts: readonly (readonly [name: string, text: string])[]): void {
  const fault = 'holds the character U+0000';
  const faults = texts.filter(([, text]) => text.includes('\0')).map(([path]) => ({ path, message: fault }));
  if (faults.length > 0) throw new FactotumError('request.invalid', `A text in the address ${fault}.`, { details: { faults } });
}

/** A name that comes several times is a list; a name that no schema knows is a mistake and not ignored. */
function readQuery<P extends z.ZodObject, Q extends z.ZodObject, B>(c: Context<Env>, spec: RouteSpec<P, Q, B, Answers>): z.output<Q> {
  if (spec.query === undefined) return {} as z.output<Q>; // as above
  const asked = Object.entries(c.req.queries());
  refuseZeroBytes(asked.map(([name, values]) => [name, values.join('')]));
  const given = Object.fromEntries(asked.map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
  const query = spec.query.safeParse(given);
  if (!query.success) throw refuseFaults(query.error, 'query');
  return query.data;
}

function toResponse<A extends Answers>(answer: Answer<A>): Response {
  if (answer instanceof Response) return answer;
  // Every other form of an answer has a status, and a body where one is declared.
  const { status, body } = answer as { status: number; body?: unknown };
  if (body === undefined) return new Response(null, { status });
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
}
