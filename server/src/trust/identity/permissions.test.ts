import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FactotumError } from '#kernel';
import {
  accessControl,
  allPermissions,
  fromStatements,
  isPermission,
  parsePermissions,
  permissionsOf,
  permissionTable,
  roles,
  toStatements,
} from './permissions.ts';

test('each role may do exactly what the table says, and the owner everything', () => {
  assert.deepEqual([...permissionsOf(['owner'])], allPermissions);
  for (const role of roles.filter((name) => name !== 'owner'))
    for (const permission of allPermissions) {
      const granted: readonly string[] = permissionTable[permission].roles;
      assert.equal(permissionsOf([role]).has(permission), granted.includes(role), `${role} ${permission}`);
    }
});

test('roles add up, and a role that nobody knows brings nothing', () => {
  assert.deepEqual(permissionsOf(['approver', 'auditor']), permissionsOf(['approver']).union(permissionsOf(['auditor'])));
  assert.equal(permissionsOf(['superuser', '']).size, 0);
});

test('who sets the limits does not let things pass: an admin decides no approvals, an approver writes no policy', () => {
  assert.equal(permissionsOf(['admin']).has('approval:decide'), false);
  assert.equal(permissionsOf(['approver']).has('policy:write'), false);
  assert.equal(permissionsOf(['auditor']).has('vault:read'), false);
});

test('an unknown permission is refused with its name and the list of what there is', () => {
  assert.throws(
    () => parsePermissions(['task:read', 'task:fly']),
    (error) =>
      error instanceof FactotumError &&
      error.code === 'request.invalid' &&
      /task:fly/.test(error.message) &&
      /approval:decide/.test(error.message),
  );
  assert.equal(isPermission('constructor'), false);
});

test('a key without any permission is refused as a mistake', () => {
  assert.throws(() => parsePermissions([]), { name: 'FactotumError' });
});

test('permissions come back from storage as they went in, and unknown ones are left out', () => {
  assert.deepEqual(fromStatements(toStatements(allPermissions)), new Set(allPermissions));
  assert.deepEqual(fromStatements({ task: ['read', 'fly'], rocket: ['launch'] }), new Set(['task:read']));
});

test("better-auth's own routes ask for the same table: only who may administer members gets through", () => {
  const { roles: ofBetterAuth } = accessControl();
  for (const role of roles) {
    const mayInvite = ofBetterAuth[role]?.authorize({ invitation: ['create'] }).success;
    assert.equal(mayInvite, permissionsOf([role]).has('member:admin'), role);
    for (const permission of allPermissions) {
      const [resource = '', action = ''] = permission.split(':');
      assert.equal(
        ofBetterAuth[role]?.authorize({ [resource]: [action] }).success,
        permissionsOf([role]).has(permission),
        `${role} ${permission}`,
      );
    }
  }
});
