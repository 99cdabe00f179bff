import { z } from 'zod';
import { createSimulator } from '#flow/simulation';
import { FactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import {
  type LoadedPolicy,
  listPolicyVersions,
  loadPolicy,
  nearestThresholds,
  policyFromThresholds,
  readPolicyVersion,
  savePolicy,
  thresholdsOf,
  thresholdsSchema,
  validatePolicy,
} from '#trust/policy';
import { jsonBody } from './body.ts';
import { makeCursor, pageOf, pageQuery, readCursor } from './cursor.ts';
import type { HttpDeps } from './deps.ts';
import { presentSimulation, simulationSchema } from './policy-simulation.ts';
import { createTextTurns } from './policy-turns.ts';
import type { Call, Routes } from './route.ts';
import { list, named, page, time } from './schema.ts';
import { toolNamesOf } from './tenant-tools.ts';

const tag = 'policies';
const bytesMax = 160 * 1_024;
const versionParams = z.object({ version: z.string() });

/** Either a text, or what the form was given, from which the text is written. */
const draftSchema = z.union([z.strictObject({ text: z.string().max(131_072) }), z.strictObject({ thresholds: thresholdsSchema })]);
type Draft = z.output<typeof draftSchema>;

const policySchema = named(
  z.object({
    version: z.int(),
    text: z.string().meta({ description: 'Cedar' }),
    thresholds: thresholdsSchema.nullable().meta({ description: 'What the form was given; null where the text was edited by hand.' }),
    nearest: thresholdsSchema.meta({ description: 'What the text seems to say in the words of the form.' }),
    formText: z.string().meta({ description: 'What the form would write for `nearest`: beside the text it shows what was edited.' }),
  }),
  { id: 'Policy', description: 'What a tenant’s employee may do alone, what needs a person, and what never happens.' },
);
const versionSchema = z.object({ version: z.int(), author: z.string(), createdAt: time });
const faultSchema = z.object({ policy: z.string().nullable(), line: z.int().nullable(), message: z.string() });

/** The policies of a tenant: text, versions, and what another text would have done. */
export function addPolicyRoutes(routes: Routes, deps: Pick<HttpDeps, 'catalogue' | 'database' | 'clock'>): void {
  const simulate = createSimulator(deps);
  const inTextTurn = createTextTurns(deps.clock);
  const toolNames = (tx: Tx, { keys }: Pick<Call, 'keys'>) => toolNamesOf(deps.catalogue, tx, keys);

  const put = (call: Call, text: string, { basedOn, isForm }: { basedOn: number | null; isForm: boolean }) =>
    inTextTurn(call.tenantId, () =>
      call.inTenant(async (tx) => {
        const { keys, tenantId, principal, now } = call;
        const inForce = await loadPolicy(tx, keys, tenantId);
        if (inForce.text === text && (basedOn === null || basedOn === inForce.version)) return inForce;
        // Whoever has not seen what somebody wrote by hand does not write over it unawares.
        if (isForm && basedOn === null && inForce.version > 0 && thresholdsOf(inForce.text) === null)
          throw new FactotumError('policy.changed', 'The policies were edited by hand. Read them, and name their version with If-Match.');
        const tools = await toolNames(tx, call);
        return savePolicy(tx, keys, tenantId, { text, basedOn: basedOn ?? inForce.version, actor: principal.actor, at: now, tools });
      }),
    );
  const faultsOf = async (call: Call, text: string) => {
    const tools = await call.inTenant((tx) => toolNames(tx, call));
    return inTextTurn(call.tenantId, async () => validatePolicy(text, tools));
  };

  routes.add(
    'policy:read',
    {
      method: 'get',
      path: '/api/v1/policy',
      summary: 'The policies in force. The ETag is their version',
      tag,
      answers: { 200: policySchema },
    },
    async ({ inTenant, keys, tenantId }) => answer(await inTenant((tx) => loadPolicy(tx, keys, tenantId))),
  );

  routes.add(
    'policy:write',
    {
      method: 'put',
      path: '/api/v1/policy',
      summary:
        'Put policies in force: a text, or what the form was given. With If-Match only over the version that was read; the form over a text that was edited by hand needs it',
      tag,
      body: jsonBody(draftSchema, { bytesMax }),
      answers: { 200: policySchema },
      errors: ['policy.invalid', 'policy.changed', 'policy.simulation_busy'],
    },
    async (call) => {
      const basedOn = versionOf(call.request.headers.get('if-match'));
      return answer(await put(call, textOf(call.body), { basedOn, isForm: 'thresholds' in call.body }));
    },
  );

  routes.add(
    'policy:read',
    {
      method: 'get',
      path: '/api/v1/policy/versions',
      summary: 'The versions that there have been, newest first',
      tag,
      query: z.strictObject(pageQuery),
      answers: { 200: page(versionSchema) },
      errors: ['request.cursor_invalid'],
    },
    async ({ inTenant, keys, tenantId, query: { limit, cursor } }) => {
      const before = readCursor(keys, 'policies', cursor);
      const at = { before: before === null ? null : Number(before), limit: limit + 1 };
      const rows = await inTenant((tx) => listPolicyVersions(tx, tenantId, at));
      const present = ({ createdAt, ...row }: (typeof rows)[number]) => ({ ...row, createdAt: createdAt.toISOString() });
      return {
        status: 200,
        body: pageOf(rows, limit, { present, cursorOf: ({ version }) => makeCursor(keys, 'policies', String(version)) }),
      };
    },
  );

  routes.add(
    'policy:read',
    {
      method: 'get',
      path: '/api/v1/policy/versions/{version}',
      summary: 'One version with its text',
      tag,
      params: versionParams,
      answers: { 200: z.object({ ...versionSchema.shape, text: z.string() }) },
      errors: ['policy.version_not_found'],
    },
    async ({ inTenant, keys, tenantId, params }) => {
      const found = await inTenant((tx) => readPolicyVersion(tx, keys, tenantId, numberOf(params.version)));
      const { version, author, createdAt, text } = found;
      return { status: 200, body: { version, author, createdAt: createdAt.toISOString(), text } };
    },
  );

  routes.add(
    'policy:write',
    {
      method: 'post',
      path: '/api/v1/policy/versions/{version}/restore',
      summary: 'Put an older version in force again, as a new one',
      tag,
      params: versionParams,
      answers: { 200: policySchema },
      errors: ['policy.version_not_found', 'policy.invalid', 'policy.changed', 'policy.simulation_busy'],
    },
    async (call) => {
      const { keys, tenantId, params } = call;
      const { text } = await call.inTenant((tx) => readPolicyVersion(tx, keys, tenantId, numberOf(params.version)));
      return answer(await put(call, text, { basedOn: versionOf(call.request.headers.get('if-match')), isForm: false }));
    },
  );

  routes.add(
    'policy:read',
    {
      method: 'post',
      path: '/api/v1/policy/check',
      summary: 'What is wrong with a text, and what the form writes',
      tag,
      body: jsonBody(draftSchema, { bytesMax }),
      answers: { 200: z.object({ text: z.string(), thresholds: thresholdsSchema.nullable(), faults: list(faultSchema) }) },
      errors: ['policy.simulation_busy'],
    },
    async (call) => {
      const text = textOf(call.body);
      const faults = await faultsOf(call, text);
      return { status: 200, body: { text, thresholds: thresholdsOf(text), faults } };
    },
  );

  routes.add(
    'policy:read',
    {
      method: 'post',
      path: '/api/v1/policy/simulate',
      summary: 'What a text would have done with the decisions of the last 90 days. Nothing is changed',
      tag,
      body: jsonBody(draftSchema, { bytesMax }),
      answers: { 200: simulationSchema },
      errors: ['policy.invalid', 'policy.simulation_busy'],
    },
    async (call) => {
      const text = textOf(call.body);
      const faults = await faultsOf(call, text);
      if (faults.length > 0)
        throw new FactotumError('policy.invalid', 'The policy text has faults. Mend them before you try it.', { details: { faults } });
      // What was decided about is content: whoever may not read tasks sees the numbers alone.
      const maySee = call.principal.permissions.has('task:read') && call.principal.permissions.has('approval:read');
      return { status: 200, body: presentSimulation(await simulate(call.keys, text), { withCases: maySee }) };
    },
  );
}

const textOf = (draft: Draft): string => ('text' in draft ? draft.text : policyFromThresholds(draft.thresholds));

function answer({ version, text }: LoadedPolicy): Response {
  const nearest = nearestThresholds(text);
  const body: z.input<typeof policySchema> = {
    version,
    text,
    thresholds: thresholdsOf(text),
    nearest,
    formText: policyFromThresholds(nearest),
  };
  return new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', etag: `"${version}"` },
  });
}

/** Null without a condition. @throws FactotumError `policy.changed` for one that no version of ours can meet. */
function versionOf(ifMatch: string | null): number | null {
  if (ifMatch === null || ifMatch.trim() === '*') return null;
  const version = /^\s*(?:W\/)?"(\d{1,9})"\s*$/.exec(ifMatch)?.[1];
  if (version === undefined) throw new FactotumError('policy.changed', 'If-Match must be the ETag of the policies that were read.');
  return Number(version);
}

function numberOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new FactotumError('policy.version_not_found', 'There is no such version of the policies.');
  return Number(text);
}
