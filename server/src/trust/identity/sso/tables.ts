import type { Id } from '#kernel';

/** What 0012_sso.sql adds: see there for what each column means. */
interface SsoTables {
  ssoProvider: {
    id: Id<'ssoProvider'>;
    tenantId: Id<'tenant'>;
    kind: 'oidc' | 'oauth2' | 'saml';
    name: string;
    enabled: boolean;
    sealed: Buffer;
    createdAt: Date;
    updatedAt: Date;
    testedAt: Date | null;
    testError: string | null;
  };
  ssoDomain: {
    tenantId: Id<'tenant'>;
    domain: string;
    providerId: Id<'ssoProvider'>;
    token: string;
    createdAt: Date;
    verifiedAt: Date | null;
    checkedAt: Date | null;
    missingSince: Date | null;
  };
  ssoIdentity: {
    providerId: Id<'ssoProvider'>;
    subject: string;
    tenantId: Id<'tenant'>;
    userId: Id<'user'>;
    createdAt: Date;
    lastSignInAt: Date;
  };
  ssoLogin: {
    state: string;
    browser: string;
    tenantId: Id<'tenant'>;
    providerId: Id<'ssoProvider'>;
    sealed: Buffer;
    answer: Buffer | null;
    expiresAt: Date;
  };
  ssoTest: {
    id: Id<'ssoTest'>;
    tenantId: Id<'tenant'>;
    providerId: Id<'ssoProvider'>;
    token: string | null;
    state: 'waiting' | 'ok' | 'failed';
    sealed: Buffer | null;
    expiresAt: Date;
  };
}

declare module '../store.ts' {
  interface AuthTables extends SsoTables {}
}
