import type { Clock, FactotumError, Id, Logger } from '#kernel';
import type { RoleDatabase } from '#kernel/database';
import type { Keyring } from '#trust/key';
import type { Reference, SecretResolver } from '#trust/secret';
import type { Acting, Room } from '../member/rules.ts';
import type { PersonSession } from '../principal.ts';
import type { TxtLookup, verifyDomain } from './domain.ts';
import type { Begun } from './login.ts';
import type { Provider } from './provider.ts';
import type { TestResult } from './provider-test.ts';
import type { ProviderInput } from './schema.ts';

export interface SingleSignOnDeps {
  readonly auth: RoleDatabase;
  readonly keyring: Pick<Keyring, 'of'>;
  /** Finds client secrets that a provider refers to. */
  readonly secrets: Pick<SecretResolver, 'valueOf' | 'check'>;
  /** The first is the public address, under which providers send people back. */
  readonly publicOrigins: () => readonly string[];
  /** `host:port` of providers that may be called although private, and without TLS. */
  readonly allowHosts: readonly string[];
  /** Told of domains that are lost because their record is gone. */
  readonly onDomainLost: (lost: { readonly tenantId: Id<'tenant'>; readonly providerId: Id<'ssoProvider'> }) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The system's resolver, if nothing else is said. */
  readonly lookupTxt?: TxtLookup;
}

/** Where somebody wants to sign in, and what for. */
export interface Start {
  /** The provider, by its id. */
  readonly provider?: string | undefined;
  /** Or whoever answers for the address's domain. */
  readonly email?: string | undefined;
  /** Or a test, by its token. */
  readonly test?: string | undefined;
  /** The session that is to be confirmed, where it was begun by a provider. */
  readonly stepUp?: PersonSession | undefined;
  /** The path to go to afterwards. */
  readonly to: string;
}

/** How a round ended. What it opens or changes, the caller does, and writes down. */
export type Outcome =
  | {
      readonly kind: 'signed-in';
      readonly tenantId: Id<'tenant'>;
      readonly userId: Id<'user'>;
      readonly method: `sso:${Id<'ssoProvider'>}`;
      readonly joined: boolean;
      readonly rolesChanged: boolean;
      /** When the person last proved to the provider that it is them. A session there may be days old. */
      readonly provenAt: Date;
      readonly to: string;
    }
  | {
      readonly kind: 'stepped-up';
      readonly tenantId: Id<'tenant'>;
      readonly userId: Id<'user'>;
      readonly sessionId: Id<'session'>;
      readonly to: string;
    }
  | { readonly kind: 'tested'; readonly tenantId: Id<'tenant'>; readonly testId: Id<'ssoTest'>; readonly ok: boolean }
  | { readonly kind: 'refused'; readonly tenantId: Id<'tenant'>; readonly providerId: Id<'ssoProvider'>; readonly error: FactotumError };

export interface SingleSignOn {
  /** Begins to look again at proven domains, once an hour. */
  start(): void;
  stop(): Promise<void>;
  /** Drops what is kept of a tenant's providers, or of all: it holds client secrets and keys, and those were taken away. */
  forget(tenantId?: Id<'tenant'>): void;

  list(tenantId: Id<'tenant'>): Promise<readonly Provider[]>;
  /** The secrets that the tenant's providers refer to. */
  references(tenantId: Id<'tenant'>): Promise<readonly Reference[]>;
  read(tenantId: Id<'tenant'>, id: string): Promise<Provider>;
  create(tenantId: Id<'tenant'>, input: ProviderInput, by: Acting): Promise<Provider>;
  change(tenantId: Id<'tenant'>, id: string, input: ProviderInput, by: Acting): Promise<Provider>;
  remove(tenantId: Id<'tenant'>, id: string): Promise<void>;
  /** @throws FactotumError `sso.not_found`, `request.invalid`. */
  addDomain(tenantId: Id<'tenant'>, id: string, domain: string): Promise<Provider>;
  removeDomain(tenantId: Id<'tenant'>, id: string, domain: string): Promise<void>;
  verifyDomain(tenantId: Id<'tenant'>, id: string, domain: string): ReturnType<typeof verifyDomain>;
  /** Forgets who a person is at a provider, so that another account there can be connected. @throws FactotumError `sso.not_found`, `member.not_found`. */
  disconnect(tenantId: Id<'tenant'>, id: string, userId: string): Promise<void>;
  /** A test of a provider, on or off. `token` begins it, once, within 15 minutes; nobody is signed in by it. */
  createTest(tenantId: Id<'tenant'>, id: string): Promise<{ testId: Id<'ssoTest'>; token: string }>;
  /** @throws FactotumError `sso.not_found` */
  readTest(tenantId: Id<'tenant'>, testId: string): Promise<TestResult>;

  /** Who answers for an address, by its proven domain; null when nobody does. Says nothing about whether there is such a person. */
  forEmail(email: string): Promise<{ readonly providerId: Id<'ssoProvider'>; readonly name: string } | null>;
  /** Whether a session of this method can be confirmed at its provider: not with OAuth 2.0, which does not tell when somebody signed in. */
  canStepUp(method: string): Promise<boolean>;
  /**
   * Sends a browser to a provider.
   *
   * @throws FactotumError `sso.not_found`, `sso.expired` (a test), and what asking the provider throws.
   */
  begin(start: Start): Promise<Begun & { readonly tenantId: Id<'tenant'> }>;
  /** What a SAML provider posted. Opens nothing; `end` does, in the browser that began. @throws FactotumError `sso.not_found`, `sso.expired`. */
  keepPosted(providerId: string, form: { readonly state: string; readonly response: string }): Promise<void>;
  /**
   * Ends a round: `providerId` and the address that the browser was sent back to, or null after a posted answer.
   *
   * @throws FactotumError `sso.expired`
   */
  end(returned: {
    readonly state: string;
    readonly browser: string | null;
    readonly redirect: { readonly providerId: string; readonly url: URL } | null;
    /** Whether there is room for somebody who joins by signing in. */
    readonly roomIn: (tenantId: Id<'tenant'>) => Room;
  }): Promise<Outcome>;
  /** Notes when the person of a session proved to be present. */
  noteProof(sessionId: Id<'session'>, at: Date): Promise<void>;
  /** The cookie that ties a round to its browser. */
  cookieName(state: string): string;
  /** Our SAML metadata. @throws FactotumError `sso.not_found` */
  metadata(providerId: string): Promise<string>;
}
