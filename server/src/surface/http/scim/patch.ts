import { type ScimPatchOperation, scimPatch } from 'scim-patch';
import { z } from 'zod';
import { knownMembers, parseAs, refuse, urn } from './protocol.ts';

/** Operations are read in any case, as directories write them. */
const operationSchema = z.object({
  op: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['add', 'remove', 'replace'])),
  path: z.string().max(500).optional(),
  value: z.unknown().optional(),
});
const bodySchema = z.object({ schemas: z.array(z.string()).refine((schemas) => schemas.includes(urn.patch), `must name ${urn.patch}`) });

const operationsMax = 1_000;

/** What a resource may be changed by, and what its parts are called. */
export interface Patchable {
  readonly members: readonly string[];
  readonly schema: string;
}

/**
 * Applies the operations of a PATCH (RFC 7644, section 3.5.2) to a copy. Attributes that we do not keep are left alone, as they are when a
 * resource is made. The result is still to be checked.
 *
 * @throws FactotumError `scim.refused`
 */
export function patched(
  resource: Readonly<Record<string, unknown>>,
  body: unknown,
  { members, schema }: Patchable,
): Record<string, unknown> {
  parseAs(bodySchema, body);
  const { Operations } = knownMembers(body, ['Operations']);
  const operations = parseAs(z.array(operationSchema).min(1).max(operationsMax), Operations);
  const now = new Date();
  // The library's type asks for what every resource has; it changes nothing there.
  const start = { ...structuredClone(resource), schemas: [schema], meta: { created: now, lastModified: now } };
  try {
    const end = operations.reduce(
      (current, operation) => {
        const ours = ourOperation(operation, members, schema);
        return ours === null ? current : scimPatch(current, [ours], { mutateDocument: false, treatMissingAsAdd: true });
      },
      start as typeof start & Record<string, unknown>, // it has those members besides
    );
    return knownMembers(end, members);
  } catch (error) {
    if (error instanceof Error && 'scimCode' in error)
      throw refuse(typeof error.scimCode === 'string' && error.scimCode !== '' ? error.scimCode : 'invalidValue', error.message);
    throw error;
  }
}

type Operation = z.output<typeof operationSchema>;

/** An operation on what we keep, its names in our case; null when it is about something else. */
function ourOperation({ op, path, value }: Operation, members: readonly string[], schema: string): ScimPatchOperation | null {
  refuseInner(value);
  if (path === undefined || path === '') {
    if (op === 'remove') throw refuse('noTarget', 'An operation that removes names what.');
    const inner = withoutSchema(value, schema, members);
    return Object.keys(inner).length === 0 ? null : { op, value: inner };
  }
  const place = placeIn(path, schema);
  const member = members.find((name) => name.toLowerCase() === place.top.toLowerCase());
  if (member === undefined) return null;
  if (op === 'remove') {
    if (
      ['userName', 'active', 'displayName'].includes(member) &&
      place.rest === '' &&
      (member !== 'displayName' || members.includes('members'))
    )
      throw refuse('mutability', `${member} cannot be removed.`);
    return { op, path: member + place.rest, ...(value === undefined || value === null ? {} : { value: plain(member, value) }) };
  }
  if (value === undefined) throw refuse('invalidValue', `An operation that ${op}s needs a value.`);
  return { op, path: member + place.rest, value: place.rest === '' ? plain(member, value) : value };
}

/** `attribute`, `attribute.part`, `attribute[filter]` and `attribute[filter].part`, with or without the schema before. */
const pathForm = /^([A-Za-z][\w-]*)(\[[^[\]]{1,400}\])?(?:\.([A-Za-z$][\w-]*))?$/;

const parts = ['formatted', 'familyName', 'givenName', 'value', 'type', 'primary', 'display'];

function placeIn(path: string, schema: string): { top: string; rest: string } {
  const own = path.toLowerCase().startsWith(`${schema.toLowerCase()}:`) ? path.slice(schema.length + 1) : path;
  // Another schema's attribute: an extension that we do not have.
  if (own.toLowerCase().startsWith('urn:')) return { top: own, rest: '' };
  const [, top = '', filter = '', part] = pathForm.exec(own) ?? [];
  if (top === '') throw refuse('invalidPath', 'This path is not understood.');
  const known = parts.find((name) => name.toLowerCase() === part?.toLowerCase()) ?? part;
  return { top, rest: filter + (known === undefined ? '' : `.${known}`) };
}

/** The members of a value that has no path: whole attributes, or parts of them as `name.familyName`. */
function withoutSchema(value: unknown, schema: string, members: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('invalidValue', 'A value without a path is a JSON object.');
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const { top, rest } = placeIn(name, schema);
      const member = members.find((known) => known.toLowerCase() === top.toLowerCase());
      return member === undefined ? [] : [[member + rest, rest === '' ? plain(member, inner) : inner]];
    }),
  );
}

/** References to members by their ids alone: what stands beside is for reading, and would make two of one. */
function plain(member: string, value: unknown): unknown {
  if (member !== 'members') return value;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) => (typeof item === 'object' && item !== null && 'value' in item ? { value: item.value } : item));
}

/** Names that mean something to JavaScript itself. */
const inner = new Set(['__proto__', 'constructor', 'prototype']);

function refuseInner(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (inner.has(name)) throw refuse('invalidValue', 'This is not a name of an attribute.');
    refuseInner(member);
  }
}
