import { z } from 'zod';
import { playbookJsonSchema } from '#flow/plan';
import { errorCatalogue } from '#kernel';
import { permissionTable } from '#trust/identity';
import type { BodySpec } from './body.ts';
import { problemSchema } from './problem.ts';
import type { Access, AnySpec, App, Routes } from './route.ts';
import { namedSchemas } from './schema.ts';

type JsonSchema = Record<string, unknown>;

/** Serves the description of the API, written from the very table that the routes are made of, and the schemas that editors want. */
export function addDescriptionRoutes(app: App, routes: Routes): void {
  let written: string | undefined;
  routes.addOpen(
    { method: 'get', path: '/api/v1/openapi.json', summary: 'This description', tag: 'description', answers: { 200: z.unknown() } },
    async () => {
      written ??= JSON.stringify(describe(app, routes));
      return json(written, 'application/json');
    },
  );
  routes.addOpen(
    {
      method: 'get',
      path: '/api/v1/schemas/playbook.json',
      summary: 'The schema of a playbook',
      tag: 'description',
      answers: { 200: z.unknown() },
    },
    async () => json(JSON.stringify(playbookJsonSchema()), 'application/schema+json'),
  );
}

const json = (body: string, type: string): Response =>
  new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-cache' } });

function describe({ openAPIRegistry, getOpenAPI31Document }: App, { table }: Routes): object {
  const schemas = convertSchemas(table.map(({ spec }) => spec));
  openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer', description: 'An API key.' });
  openAPIRegistry.registerComponent('securitySchemes', 'session', { type: 'apiKey', in: 'cookie', name: 'factotum.session_token' });
  // JSON schemas and operations as 3.1 defines them; the library's types spell out only what its own builders make.
  for (const [name, schema] of schemas.named) openAPIRegistry.registerComponent('schemas', name, schema as never);
  for (const { access, spec } of table) openAPIRegistry.registerPath(operation(access, spec, schemas.of) as never);
  return getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Factotum',
      version: '1',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description:
        'Everything of a tenant; which one, the credential says. Failures are RFC 9457 problems whose `code` is in docs/errors.md. Every POST takes an `Idempotency-Key`.',
    },
    servers: [{ url: '/' }],
  });
}

/** How a schema stands in the description: by its name, or as it is. */
type SchemaOf = (schema: z.ZodType) => JsonSchema;

const refOf = (name: string): string => `#/components/schemas/${name}`;

function convertSchemas(specs: readonly AnySpec[]): { named: [name: string, schema: JsonSchema][]; of: SchemaOf } {
  const registry = z.registry<{ id: string; description?: string; examples?: readonly unknown[] }>();
  for (const [schema, about] of namedSchemas) registry.add(schema, about);
  registry.add(problemSchema, { id: 'Problem', description: 'What went wrong (RFC 9457).' });
  const names = new Set([...namedSchemas.values()].map(({ id }) => id)).add('Problem');
  const mentioned = specs.flatMap(({ answers, body }) => [...Object.values(answers), body?.schema]);
  for (const [at, schema] of mentioned.entries())
    if (schema instanceof z.ZodType && !registry.has(schema)) registry.add(schema, { id: `inline${at}` });
  const { schemas } = z.toJSONSchema(registry, { uri: refOf, io: 'input', unrepresentable: 'any' });
  return {
    named: [...names].map((name) => [name, tidy(schemas[name])]),
    of: (schema) => {
      const id = registry.get(schema)?.id ?? '';
      return names.has(id) ? { $ref: refOf(id) } : tidy(schemas[id]);
    },
  };
}

/** Without what says nothing to a reader here, and with any JSON where a schema would be endless. */
function tidy(value: unknown): JsonSchema {
  // A JSON schema stays one: only keywords are left out.
  return clean(value) as JsonSchema;
}

const dropped = new Set(['$schema', '$id', 'propertyNames', 'readOnly']);

function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  if ('$ref' in value && String(value.$ref).includes('__shared')) return {};
  // Below `properties` these are names of members, whose values are schemas.
  const isKeyword = (key: string, member: unknown) => dropped.has(key) && (typeof member !== 'object' || key === 'propertyNames');
  return Object.fromEntries(Object.entries(value).flatMap(([key, member]) => (isKeyword(key, member) ? [] : [[key, clean(member)]])));
}

/** The codes that any route with credentials may answer. */
const usualErrors = [
  'request.invalid',
  'auth.required',
  'auth.forbidden',
  'auth.address_refused',
  'auth.second_factor_required',
  'tenant.suspended',
  'tenant.moving',
  'tenant.moved',
  'server.busy',
  'server.fault',
] as const;

function operation(access: Access, spec: AnySpec, schemaOf: SchemaOf): object {
  const codes = [
    ...new Set([
      ...(spec.errors ?? []),
      ...(spec.fresh === true ? (['auth.step_up_required'] as const) : []),
      ...(access === 'open' ? [] : usualErrors),
      ...(spec.limit === 'none' ? [] : (['quota.exceeded'] as const)),
    ]),
  ];
  const parameters = { params: spec.params, query: spec.query };
  return {
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    tags: [spec.tag],
    operationId: `${spec.method} ${spec.path}`.replace(/[^a-zA-Z]+(\w?)/g, (_, letter: string) => letter.toUpperCase()),
    description: `${needOf(access)}${codes.length === 0 ? '' : ` Fails with ${codes.map((code) => `\`${code}\``).join(', ')}.`}`,
    'x-permission': access,
    security: access === 'open' ? [] : access === 'operator' || access === 'person' ? [{ session: [] }] : [{ key: [] }, { session: [] }],
    request: {
      ...parameters,
      ...(spec.body === undefined ? {} : { body: bodyOf(spec.body, schemaOf) }),
      ...(spec.takesBytes === true ? { body: anyBytes } : {}),
    },
    responses: {
      ...Object.fromEntries(Object.entries(spec.answers).map(([status, answer]) => [status, responseOf(Number(status), answer, schemaOf)])),
      ...Object.fromEntries(
        Map.groupBy(codes, (code) => errorCatalogue[code].status)
          .entries()
          .map(([status, same]) => [status, problemOf(same.join(', '))]),
      ),
      default: problemOf('A problem'),
    },
  };
}

function needOf(access: Access): string {
  if (access === 'open') return 'Open to everybody.';
  if (access === 'operator') return 'For those who operate the installation, in the browser.';
  if (access === 'person') return 'For everybody in a session, of a tenant or of the operator.';
  return access === 'signed-in' || access === 'known'
    ? 'For everybody with a credential.'
    : `Needs \`${access}\` (${permissionTable[access].meaning.toLowerCase()}).`;
}

const bodyOf = (body: BodySpec<unknown>, schemaOf: SchemaOf) => ({
  required: !body.isOptional,
  content: Object.fromEntries(body.types.map((type) => [type, { schema: schemaOf(body.schema) }])),
});

const anyBytes = { required: true, content: { '*/*': { schema: { type: 'string', format: 'binary' } } } };

function responseOf(status: number, answer: z.ZodType | string | null, schemaOf: SchemaOf) {
  const description = descriptions[status] ?? 'Done';
  if (answer === null) return { description };
  if (typeof answer === 'string') return { description, content: { [answer]: { schema: { type: 'string' } } } };
  return { description, content: { 'application/json': { schema: schemaOf(answer) } } };
}

const descriptions: Readonly<Record<number, string>> = {
  200: 'Here it is',
  201: 'Created',
  202: 'Stored, and in good hands',
  204: 'Done',
  206: 'A part of it',
  304: 'Unchanged',
  416: 'Nothing of it lies in that range',
};

const problemOf = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});
