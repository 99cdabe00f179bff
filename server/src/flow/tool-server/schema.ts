import { z } from 'zod';
import type { ArgRole, Slot } from '#flow/tool';
import { jsonObjectSchema } from '#kernel';
import type { Effect } from '#trust/policy';

/** The middle of a server's tools' names: `mcp.<slug>.<tool>`. */
export const slugSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,23}$/, 'must be a short name: a lower-case letter, then letters, digits and -');

const secretReference = z
  .string()
  .max(300)
  .regex(/^secret:\/\//, 'must be a reference like secret://db/name, not the value itself');

const addressSchema = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .refine((url) => new URL(url).username === '' && new URL(url).password === '', 'must not carry credentials; they belong in a secret')
  .refine((url) => new URL(url).hash === '', 'must not have a fragment');

/** How we prove to a server who we are. Values of secrets are never here, only references to them. */
const signInSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('bearer'), token: secretReference }),
  /** Without a client id the server is asked to register us. */
  z.strictObject({
    kind: z.literal('oauth'),
    clientId: z.string().min(1).max(500).nullable(),
    clientSecret: secretReference.nullable(),
    scope: z.string().max(1_000).nullable(),
  }),
  /** `certificate`: a secret of that kind. `authorities`: PEM of whom to believe; null: those that come with the certificate, else everybody's. */
  z.strictObject({ kind: z.literal('mtls'), certificate: secretReference, authorities: z.string().max(100_000).nullable() }),
]);

/** Where a tool server is: at an address, or among the programs that the operator has installed and allowed. */
export const endpointSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('http'), url: addressSchema, signIn: signInSchema }),
  z.strictObject({
    kind: z.literal('program'),
    program: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be the id of a program'),
    /** Values of environment variables that the operator lets tenants fill. */
    env: z.record(z.string().regex(/^[A-Z][A-Z0-9_]{0,62}$/), secretReference).default({}),
  }),
]);
export type Endpoint = z.infer<typeof endpointSchema>;
export type SignIn = z.infer<typeof signInSchema>;

/** The secrets that a server is reached with. */
export function secretsOf(endpoint: Endpoint): string[] {
  if (endpoint.kind === 'program') return Object.values(endpoint.env);
  const { signIn } = endpoint;
  switch (signIn.kind) {
    case 'none':
      return [];
    case 'bearer':
      return [signIn.token];
    case 'oauth':
      return signIn.clientSecret === null ? [] : [signIn.clientSecret];
    case 'mtls':
      return [signIn.certificate];
  }
}

export const titleSchema = z.string().trim().min(1).max(100);

/** What is sealed in a server's row. */
export const serverBodySchema = z.strictObject({ title: titleSchema, endpoint: endpointSchema });
export type ServerBody = z.infer<typeof serverBodySchema>;

export const faultSchema = z.strictObject({ message: z.string() });
export const lastWordsSchema = z.strictObject({ lines: z.array(z.string()), at: z.iso.datetime() });
export type LastWords = z.infer<typeof lastWordsSchema>;

/** A tool as its server describes it. Every word of it is the server's claim. */
export const offeredToolSchema = z.strictObject({
  name: z.string().min(1).max(200),
  title: z.string().nullable(),
  description: z.string().nullable(),
  inputSchema: jsonObjectSchema,
  outputSchema: jsonObjectSchema.nullable(),
  annotations: jsonObjectSchema,
});
export type OfferedTool = z.infer<typeof offeredToolSchema>;

const effects = ['read', 'write', 'egress', 'money', 'grant', 'destroy'] as const satisfies readonly Effect[];
const roles = ['steering', 'content', 'secret'] as const satisfies readonly ArgRole[];
const slots = [
  'text',
  'path',
  'address',
  'addresses',
  'iban',
  'bic',
  'amount',
  'currency',
  'date',
  'datetime',
  'name',
  'id',
  'labels',
  'json',
] as const satisfies readonly Slot[];

/** What an administrator says of a tool. What it cannot say is that a call can be taken back or looked up: the protocol knows neither. */
export const statedManifestSchema = z.strictObject({
  title: titleSchema,
  /** What follows when it is done, for the person who decides. */
  consequence: z.string().trim().min(1).max(500),
  effect: z.enum(effects),
  risk: z.enum(['low', 'medium', 'high']),
  visibleOutside: z.boolean(),
  readsPrivate: z.boolean(),
  args: z.record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/),
    z.strictObject({ role: z.enum(roles), slot: z.enum(slots), title: titleSchema }),
  ),
  /** One call, in milliseconds. */
  timeoutMs: z.int().min(1_000).max(120_000),
  callsPerMinute: z.int().min(1).max(600),
});
export type StatedManifest = z.infer<typeof statedManifestSchema>;

/** What is sealed in a tool's row. */
export const toolBodySchema = z.strictObject({
  /** The name at the server, which outlives the offer. */
  name: z.string(),
  /** As it is offered now; null: not any more. */
  offered: offeredToolSchema.nullable(),
  /** What was offered when an administrator confirmed it, and what was said of it; null: nobody has. */
  confirmed: z
    .strictObject({ offered: offeredToolSchema, manifest: statedManifestSchema, by: z.string(), at: z.iso.datetime() })
    .nullable(),
});
export type ToolBody = z.infer<typeof toolBodySchema>;
