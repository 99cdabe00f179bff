import { domainToASCII } from 'node:url';
import { z } from 'zod';

/** The longest subject, name or address that is taken from a provider, in characters. SAML caps a name identifier at 256. */
export const claimTextMax = 512;

const text = z.string().trim().min(1).max(200);
const webUrl = z
  .string()
  .max(2_000)
  .refine((value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    return url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === '';
  }, 'must be an http or https address without a name, a password or a fragment');
const scopes = z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/, 'must be a scope')).max(20);

/** Which roles a member gets by what the provider says. Applied at each sign-in while `claim` is set. */
const roleRulesSchema = z.strictObject({
  /** The claim or SAML attribute that is looked at; null: roles are given once, when somebody joins. */
  claim: text.nullable(),
  rules: z.array(z.strictObject({ value: text, role: z.string().max(40) })).max(100),
  /** What somebody gets whom no rule names. None: they are refused. */
  fallback: z.array(z.string().max(40)).max(10),
});
export type RoleRules = z.output<typeof roleRulesSchema>;

export const oidcSchema = z.strictObject({
  issuer: webUrl,
  clientId: text,
  scopes: scopes.default(['openid', 'email', 'profile']),
});

/** Where a user-info answer holds what. A dot leads into an object: `user.email`. */
const fieldsSchema = z.strictObject({
  subject: text,
  email: text,
  /** Null: the provider does not say whether addresses are verified, so nobody is connected or joins by one. */
  emailVerified: text.nullable(),
  name: text.nullable(),
});

export const oauth2Schema = z.strictObject({
  authorizationUrl: webUrl,
  tokenUrl: webUrl,
  userInfoUrl: webUrl,
  clientId: text,
  scopes: scopes.default([]),
  fields: fieldsSchema,
  /** How the client says who it is at the token address. */
  clientAuthentication: z.enum(['basic', 'post']).default('post'),
});

export const samlSchema = z.strictObject({
  idpEntityId: z.string().min(1).max(1_024),
  ssoUrl: webUrl,
  /** PEM. Several while the provider changes from one to the next; any of them may have signed. */
  certificates: z.array(z.string().max(10_000)).min(1).max(10),
});

const common = { name: text.max(100), enabled: z.boolean(), joins: z.boolean(), roles: roleRulesSchema };
const secret = z.string().min(1).max(2_000);

/** What an administrator sends. A secret that is left out stays as it is. */
export const providerInputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('oidc'), oidc: z.strictObject({ ...oidcSchema.shape, clientSecret: secret.optional() }) }),
  z.strictObject({
    ...common,
    kind: z.literal('oauth2'),
    oauth2: z.strictObject({ ...oauth2Schema.shape, clientSecret: secret.optional() }),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('saml'),
    saml: z.strictObject({
      /** The provider's own description of itself, from which everything else is taken. Left out: as it was. */
      metadataXml: z
        .string()
        .max(512 * 1_024)
        .optional(),
    }),
  }),
]);
export type ProviderInput = z.output<typeof providerInputSchema>;

/** What our requests to a SAML provider are signed with: made here, for that provider alone. PEM. */
const requestKeySchema = z.strictObject({ privateKey: z.string(), certificate: z.string() });

/** Whether an owner has said that this is the party that says who somebody is: only then it says so of owners. */
const forOwners = z.boolean().default(false);

/** What is sealed in a provider's row. The id is compared when it is opened: it is bound by the seal as well. */
export const storedSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    id: z.string(),
    kind: z.literal('oidc'),
    joins: z.boolean(),
    roles: roleRulesSchema,
    forOwners,
    oidc: oidcSchema,
    clientSecret: secret.nullable(),
  }),
  z.strictObject({
    id: z.string(),
    kind: z.literal('oauth2'),
    joins: z.boolean(),
    roles: roleRulesSchema,
    forOwners,
    oauth2: oauth2Schema,
    clientSecret: secret.nullable(),
  }),
  z.strictObject({
    id: z.string(),
    kind: z.literal('saml'),
    joins: z.boolean(),
    roles: roleRulesSchema,
    forOwners,
    saml: samlSchema,
    key: requestKeySchema,
  }),
]);
export type StoredProvider = z.output<typeof storedSchema>;

/** A domain as it is compared: ASCII, lower case, at least two labels, no address. */
export const domainSchema = z
  .string()
  .max(253)
  .transform((value) => domainToASCII(value.trim().replace(/\.$/, '')).toLowerCase())
  .refine(
    (value) => /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(value),
    'must be a domain like example.com',
  );

/** The domain of an address, as it is compared; null when it is no address. */
export function domainOf(email: string): string | null {
  const parsed = z.email().max(254).safeParse(email);
  if (!parsed.success) return null;
  const domain = domainSchema.safeParse(parsed.data.slice(parsed.data.lastIndexOf('@') + 1));
  return domain.success ? domain.data : null;
}
