import { z } from 'zod';
import { jsonObjectSchema } from '#kernel';

/** What a connection may hold. A settings form of more than this is no form. */
const settingsBytesMax = 64 * 1024;
const credentialCharsMax = 65_536;

export const connectionStates = ['active', 'paused', 'broken'] as const;
export type ConnectionState = (typeof connectionStates)[number];

/** What a person calls it. */
const nameSchema = z.string().trim().min(1).max(100);
const settingsSchema = jsonObjectSchema.refine(
  (settings) => Buffer.byteLength(JSON.stringify(settings)) <= settingsBytesMax,
  `must be at most ${settingsBytesMax} bytes as JSON`,
);
/** Values, or `secret://` references to them. Field names are the connector's. */
const credentialsSchema = z.record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9_]{0,63}$/), z.string().min(1).max(credentialCharsMax));

/** A connection as it is kept, sealed in `connection.body`. */
export const connectionBodySchema = z.object({
  name: nameSchema,
  settings: jsonObjectSchema,
  credentials: credentialsSchema,
  /** The secret part of the address that pushes to this connection, for connectors that have one. */
  hookSecret: z.string().optional(),
});
export type ConnectionBody = z.infer<typeof connectionBodySchema>;

/** `POST /api/v1/connections`. */
export const newConnectionSchema = z.strictObject({
  connector: z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/),
  name: nameSchema,
  settings: settingsSchema,
  credentials: credentialsSchema.default({}),
});
export type NewConnection = z.infer<typeof newConnectionSchema>;

/** `PATCH /api/v1/connections/{id}`: what is left out stays. A credential that is null is taken away. */
export const connectionChangeSchema = z.strictObject({
  name: nameSchema.optional(),
  settings: settingsSchema.optional(),
  credentials: z.record(z.string(), z.string().min(1).max(credentialCharsMax).nullable()).optional(),
});
export type ConnectionChange = z.infer<typeof connectionChangeSchema>;

/** `POST /api/v1/connections/test`. */
export const unsavedConnectionSchema = newConnectionSchema.omit({ name: true });

/** `POST /api/v1/connections/discovery`. */
export const proposalQuerySchema = z.strictObject({ connector: z.string(), address: z.string().trim().min(1).max(500) });

/** What people are told of the last failure, sealed in `connection.fault`: the far side may have put anything into the message. */
export const faultBodySchema = z.object({ message: z.string() });

/** A cursor as it is kept, sealed in `connection.cursor`. */
export const cursorSchema = z.object({ cursor: z.json() });
