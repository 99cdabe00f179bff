import { z } from 'zod';
import { list, named } from './schema.ts';

export const signInWaysSchema = named(
  z.object({
    password: z.boolean(),
    passkey: z.boolean(),
    link: z.boolean(),
    registration: z.boolean(),
    sso: z.object({ providerId: z.string(), name: z.string() }).nullable(),
  }),
  { id: 'SignInWays', description: 'In which ways one can sign in here.' },
);

export const secondFactorSchema = named(z.object({ secondFactor: list(z.enum(['totp', 'recovery'])) }), {
  id: 'SecondFactorNeeded',
  description: 'The first factor was right; one of these is needed as well.',
});

/** As WebAuthn Level 3 names them in JSON; browsers take them by `parseRequestOptionsFromJSON` and `parseCreationOptionsFromJSON`. */
export const webauthnOptionsSchema = named(z.looseObject({ challenge: z.string() }), {
  id: 'WebAuthnOptions',
  description: 'Options for `navigator.credentials`, in the JSON form of WebAuthn Level 3.',
});

export const stepUpSchema = named(
  z.object({ methods: list(z.enum(['password', 'totp', 'passkey', 'sso', 'link'])), provenAt: z.string(), freshUntil: z.string() }),
  { id: 'StepUp', description: 'How one can confirm that it is still oneself, and until when the last time counts.' },
);

export const accountSchema = named(
  z.object({
    user: z.object({ id: z.string(), name: z.string(), email: z.string(), emailVerified: z.boolean() }),
    password: z.boolean(),
    totp: z.boolean(),
    recoveryCodesLeft: z.int(),
    passkeys: list(z.object({ id: z.string(), name: z.string(), createdAt: z.string(), lastUsedAt: z.string().nullable() })),
    tenants: list(z.object({ id: z.string(), name: z.string(), roles: list(z.string()), current: z.boolean() })),
    operator: z.boolean(),
  }),
  { id: 'Account', description: 'Who one is, and how one signs in.' },
);

export const sessionsSchema = named(
  z.object({
    items: list(
      z.object({
        id: z.string(),
        current: z.boolean(),
        method: z.string(),
        address: z.string().nullable(),
        userAgent: z.string().nullable(),
        createdAt: z.string(),
        lastSeenAt: z.string(),
        expiresAt: z.string(),
      }),
    ),
    nextCursor: z.null(),
  }),
  { id: 'Sessions', description: "A person's sessions, in whichever tenant." },
);

export const recoveryCodesSchema = z.object({ recoveryCodes: list(z.string()) });
