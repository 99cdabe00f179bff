/** The shapes of people, members, machines and single sign-on in `/api/v1`. */

/** How the person with this address can sign in. Says the same of addresses that nobody has. */
export interface SignInWays {
  password: boolean;
  passkey: boolean;
  link: boolean;
  registration: boolean;
  sso: { providerId: string; name: string } | null;
}

export type SecondFactor = 'totp' | 'recovery';
export type ProofMethod = 'password' | 'totp' | 'passkey' | 'sso' | 'link';

export interface StepUp {
  methods: ProofMethod[];
  provenAt: string | null;
  freshUntil: string | null;
}

export interface Account {
  user: { id: string; name: string; email: string; emailVerified: boolean };
  password: boolean;
  totp: boolean;
  recoveryCodesLeft: number;
  passkeys: Passkey[];
  tenants: { id: string; name: string; roles: string[]; current: boolean }[];
  operator: boolean;
}

export interface Passkey {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt: string | null;
}

export interface SessionItem {
  id: string;
  current: boolean;
  method: string | null;
  address: string | null;
  userAgent: string | null;
  createdAt: string;
  lastSeenAt: string | null;
  expiresAt: string;
}

export interface PermissionItem {
  permission: string;
  meaning: string;
  roles: string[];
}

export interface Member {
  userId: string;
  name: string;
  email: string;
  emailVerified: boolean;
  roles: string[];
  teams: { id: string; name: string }[];
  joinedAt: string;
  lastSeenAt: string | null;
  secondFactor: boolean;
  managedBy: 'scim' | null;
}

export interface Invitation {
  id: string;
  email: string;
  roles: string[];
  createdAt: string;
  expiresAt: string;
  state: 'open' | 'expired';
}

/** An invitation that was made or renewed: mailed, or to be handed over by whoever invites. */
export interface InvitationSent {
  url: string | null;
  mailed: boolean;
}

/** What an invitation says before it is accepted. */
export interface InvitationLook {
  tenant: { name: string };
  email: string;
  roles: string[];
  account: 'new' | 'existing';
}

export interface Role {
  id: string | null;
  name: string;
  title: string;
  permissions: string[];
  builtIn: boolean;
  members: number;
}

export interface Team {
  id: string;
  name: string;
  members: string[];
  managedBy?: 'scim' | null;
}

export interface SecurityRules {
  ssoRequired: boolean;
  breakGlassUserId: string | null;
  secondFactorRequired: boolean;
  allowedAddresses: string[];
  sessionIdleMinutes: number;
  sessionAbsoluteHours: number;
}

export interface ApiKey {
  id: string;
  name: string;
  /** The first signs of the key, to tell it apart. */
  start: string;
  permissions: string[];
  state: 'active' | 'expired' | 'revoked';
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  perMinute: number | null;
  serviceAccountId: string | null;
  replacedBy: string | null;
}

/** A key that has just been made; shown once. */
export interface KeyMade {
  id: string;
  key: string;
  oldEndsAt?: string;
}

export interface ServiceAccount {
  id: string;
  name: string;
  description: string | null;
  permissions: string[];
  keys?: number;
}

export type SsoKind = 'oidc' | 'oauth2' | 'saml';

export interface SsoDomain {
  domain: string;
  state: 'unverified' | 'verified';
  record: { name: string; type: string; value: string };
}

export interface SsoProvider {
  id: string;
  kind: SsoKind;
  name: string;
  enabled: boolean;
  domains: SsoDomain[];
  roles: { claim: string | null; rules: { value: string; role: string }[]; fallback: string[] };
  /** Whether people become members when they first sign in. */
  joins: boolean;
  oidc?: { issuer: string; clientId: string; scopes: string[]; hasSecret: boolean };
  oauth2?: {
    authorizationUrl: string;
    tokenUrl: string;
    userInfoUrl: string;
    clientId: string;
    scopes: string[];
    fields: { subject: string; email: string; emailVerified: string | null; name: string | null };
    clientAuthentication: 'basic' | 'post';
    hasSecret: boolean;
  };
  saml?: { idpEntityId: string; ssoUrl: string; certificates: { fingerprint: string; expiresAt: string }[] };
  /** What the identity provider must be told about us. */
  own: { redirectUri?: string; acsUrl?: string; entityId?: string; metadataUrl?: string };
  lastTest: { at: string; ok: boolean; error: string | null } | null;
}

export interface SsoTest {
  state: 'waiting' | 'ok' | 'failed';
  claims: Record<string, unknown> | null;
  roles: string[] | null;
  error: string | null;
}

/** Where a directory provisions to, and which roles its groups bring. */
export interface ScimSettings {
  url: string;
  roles: { rules: { group: string; role: string }[]; fallback: string[] };
}

export interface ScimToken {
  id: string;
  name: string;
  /** The first signs of the token, to tell it apart. */
  start: string;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
}
