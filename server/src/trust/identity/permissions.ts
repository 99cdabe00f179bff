import { createAccessControl } from 'better-auth/plugins/access';
import { FactotumError } from '#kernel';

/** What a member can be, from most to least. A member may hold several roles; what they may do adds up. */
export const roles = ['owner', 'admin', 'approver', 'member', 'auditor'] as const;
export type RoleInTenant = (typeof roles)[number];

interface PermissionRow {
  readonly meaning: string;
  /** Who has it without being given it by name. The owner has all. */
  readonly roles: readonly Exclude<RoleInTenant, 'owner'>[];
}

/**
 * Every permission, what it means, and which roles bring it.
 * An admin writes policy and hands out keys but does not decide approvals: who sets the limits is not who lets things pass.
 */
export const permissionTable = {
  'event:write': { meaning: 'Send events and mail in', roles: ['admin', 'member'] },
  'task:read': { meaning: 'See tasks, their plans and what came of them', roles: ['admin', 'approver', 'member', 'auditor'] },
  'task:write': { meaning: 'Cancel and resume tasks', roles: ['admin'] },
  'approval:read': { meaning: 'See what waits for a decision', roles: ['admin', 'approver', 'member', 'auditor'] },
  'approval:decide': { meaning: 'Approve, reject, edit or delegate', roles: ['approver'] },
  'vault:read': { meaning: 'Read notes', roles: ['admin', 'approver', 'member'] },
  'vault:write': { meaning: 'Write, move and delete notes', roles: ['admin', 'member'] },
  'audit:read': { meaning: 'Read, prove and export the audit log', roles: ['admin', 'auditor'] },
  'policy:read': { meaning: 'Read policies and standing grants', roles: ['admin', 'auditor'] },
  'policy:write': { meaning: 'Change policies and standing grants', roles: ['admin'] },
  'settings:read': { meaning: "See the tenant's settings", roles: ['admin', 'approver', 'member', 'auditor'] },
  'settings:write': { meaning: "Change the tenant's settings", roles: ['admin'] },
  'member:read': { meaning: 'See members, their roles and teams', roles: ['admin', 'approver', 'member', 'auditor'] },
  'member:admin': { meaning: 'Invite and remove people, set their roles and teams, end their sessions', roles: ['admin'] },
  'role:admin': { meaning: 'Make and change roles', roles: ['admin'] },
  'key:admin': { meaning: 'Create, list, rotate and revoke API keys and service accounts', roles: ['admin'] },
  'security:read': {
    meaning: 'See how people sign in: identity providers, provisioning, session rules, address list',
    roles: ['admin', 'auditor'],
  },
  'security:admin': { meaning: 'Change how people sign in', roles: ['admin'] },
  'encryption:read': { meaning: 'See who guards the keys and what is sealed under which of them', roles: ['admin', 'auditor'] },
  'encryption:admin': { meaning: 'Rotate, revoke and destroy keys, and choose who guards them', roles: [] },
  'secret:read': { meaning: 'See names, versions and use of secrets, never their values', roles: ['admin', 'auditor'] },
  'secret:admin': { meaning: 'Store, rotate and delete secrets', roles: ['admin'] },
  'connection:read': {
    meaning: 'See connections, webhooks, schedules and tool servers, never their credentials',
    roles: ['admin', 'approver', 'member', 'auditor'],
  },
  'connection:admin': { meaning: 'Make, change and delete connections, webhooks, schedules and tool servers', roles: ['admin'] },
  'ledger:read': { meaning: 'See bank accounts, transactions and matched invoices', roles: ['admin', 'approver'] },
  'ledger:write': { meaning: 'Import bank files, categorise transactions and correct matches', roles: ['admin'] },
  'quota:read': { meaning: 'See quotas and usage', roles: ['admin', 'auditor'] },
  'tenant:export': { meaning: 'Take everything out in one sealed archive', roles: [] },
  'tenant:close': { meaning: 'Close the tenant, which ends in its erasure', roles: [] },
} as const satisfies Record<`${string}:${string}`, PermissionRow>;

export type Permission = keyof typeof permissionTable;

// The keys of an object literal are exactly the keys of its type.
export const allPermissions = Object.keys(permissionTable) as Permission[];

export const isPermission = (text: string): text is Permission => Object.hasOwn(permissionTable, text);

/**
 * What the roles bring together, and what is granted besides by roles that the tenant has made itself. Names that are no role or no
 * permission of ours bring nothing.
 */
export function permissionsOf(roleNames: readonly string[], granted: readonly string[] = []): ReadonlySet<Permission> {
  const held = new Set(roleNames);
  const named = new Set(granted);
  return new Set(
    allPermissions.filter(
      (permission) => held.has('owner') || named.has(permission) || permissionTable[permission].roles.some((role) => held.has(role)),
    ),
  );
}

/**
 * Checks names that came from outside.
 *
 * @throws FactotumError `request.invalid` naming what is unknown and what there is; an empty list is refused as well, because a key that may do nothing is a mistake.
 */
export function parsePermissions(names: readonly string[]): ReadonlySet<Permission> {
  const unknown = names.filter((name) => !isPermission(name));
  if (unknown.length > 0)
    throw new FactotumError('request.invalid', `There is no permission ${unknown.join(', ')}. There are: ${allPermissions.join(', ')}.`, {
      details: { unknown, known: allPermissions },
    });
  if (names.length === 0)
    throw new FactotumError('request.invalid', `Name at least one permission. There are: ${allPermissions.join(', ')}.`, {
      details: { known: allPermissions },
    });
  return new Set(names.filter(isPermission));
}

type Statements = Record<string, string[]>;

/** Permissions as better-auth writes them, `{ task: ['read', 'write'] }`: how they are stored with a key. */
export function toStatements(permissions: Iterable<Permission>): Statements {
  const statements: Statements = {};
  for (const permission of permissions) {
    const [resource = '', action = ''] = permission.split(':');
    statements[resource] = [...(statements[resource] ?? []), action];
  }
  return statements;
}

/** Reads permissions back. What this release does not know is left out, so a key written by a newer one never gets more than it says. */
export function fromStatements(statements: Readonly<Record<string, readonly string[]>>): ReadonlySet<Permission> {
  const names = Object.entries(statements).flatMap(([resource, actions]) => actions.map((action) => `${resource}:${action}`));
  return new Set(names.filter(isPermission));
}

/** What better-auth's own routes ask for, by the permission of ours that stands for it. */
const ofBetterAuth: Partial<Record<Permission, Statements>> = {
  'member:admin': { organization: ['update'], member: ['create', 'update', 'delete'], invitation: ['create', 'cancel'] },
};

/** The same table in better-auth's terms, for its organisation plug-in: access control and one role object per role. */
export function accessControl() {
  const ac = createAccessControl(statementsFor(allPermissions));
  return { ac, roles: Object.fromEntries(roles.map((role) => [role, ac.newRole(statementsFor(permissionsOf([role])))])) };
}

function statementsFor(permissions: Iterable<Permission>): Statements {
  const held = [...permissions];
  const statements = toStatements(held);
  for (const permission of held)
    for (const [resource, actions] of Object.entries(ofBetterAuth[permission] ?? {}))
      statements[resource] = [...(statements[resource] ?? []), ...actions];
  return statements;
}
