import { z } from 'zod';
import { jobStates } from '#trust/job';
import { ownSettingsSchema, tenantStates } from '#trust/tenant';
import { namedSchemas, time } from './schema.ts';

const named = <S extends z.ZodType>(schema: S, id: string, description: string): S => {
  namedSchemas.set(schema, { id, description });
  return schema;
};

export const settingsSchema = named(
  z.object({
    ...ownSettingsSchema.shape,
    custody: z
      .enum(['installation', 'own'])
      .meta({ description: "Who guards the keys: the installation, or the tenant's own key service." }),
    name: z.string().meta({ description: "Of the tenant's folders; never changes." }),
    title: z.string(),
    state: z.enum(tenantStates),
    erasesAt: time.nullable(),
    version: z.int(),
    thresholds: ownSettingsSchema.shape.thresholds.nullable().meta({ description: 'Null where the policies were edited by hand.' }),
    maySpendOperatorModelKey: z.boolean(),
    models: z.array(z.string()).readonly().meta({ description: 'The models that this installation has.' }),
    createdAt: time,
  }),
  'Settings',
  'What is set for a tenant.',
);

export const jobSchema = named(
  z.object({
    id: z.string(),
    kind: z.string(),
    state: z.enum(jobStates),
    progress: z.object({ done: z.int(), of: z.int().nullable(), unit: z.string() }).nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    createdBy: z.string(),
    createdAt: time,
    runAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
  }),
  'Job',
  'Work that takes longer than a request: what it is, and how far.',
);

export const anyJobSchema = named(
  z.object({ ...jobSchema.shape, tenantId: z.string().nullable() }),
  'AnyJob',
  'A job of whichever tenant, or of the installation itself.',
);

export const listedTenantSchema = named(
  z.object({
    id: z.string(),
    name: z.string(),
    title: z.string(),
    state: z.enum(tenantStates),
    stateSince: time,
    stateReason: z.string().nullable(),
    erasesAt: time.nullable(),
    movedTo: z.string().nullable(),
    createdAt: time,
    members: z.int(),
  }),
  'ListedTenant',
  'A tenant as operators see it: from outside.',
);

export const operatedTenantSchema = named(
  z.object({ ...listedTenantSchema.shape, maySpendOperatorModelKey: z.boolean().nullable() }),
  'OperatedTenant',
  'A tenant with what its operators set. Null once it is erased.',
);

export const closureSchema = named(
  z.object({ state: z.enum(tenantStates), erasesAt: time.nullable() }),
  'Closure',
  'Whether a tenant is being closed, and when it is erased.',
);

export const certificateSchema = named(
  z.object({ tenantId: z.string(), note: z.string(), verifierKey: z.string() }),
  'Certificate',
  'What was destroyed when a tenant was erased: a signed note (c2sp.org/signed-note), and the public key of the installation.',
);

export const confirmedSchema = named(
  z.object({
    state: z.enum(['waiting', 'ready']),
    signInToken: z
      .string()
      .nullable()
      .meta({ description: 'Null where the person has an account already, or the tenant is not there yet.' }),
  }),
  'Confirmed',
  'Whether a registration waits for an operator, or has a tenant by now.',
);

export const registrationSchema = named(
  z.object({
    id: z.string(),
    tenantName: z.string(),
    email: z.string(),
    name: z.string(),
    state: z.enum(['unverified', 'waiting', 'approved', 'rejected']),
    createdAt: time,
    verifiedAt: time.nullable(),
    decidedAt: time.nullable(),
    decidedBy: z.string().nullable(),
    tenantId: z.string().nullable(),
  }),
  'Registration',
  'The wish of somebody to have a tenant here.',
);
