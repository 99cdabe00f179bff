import { z } from 'zod';
import { FactotumError } from '#kernel';
import { fromStatements, type Permission, toStatements } from '../permissions.ts';

const statementsSchema = z.record(z.string(), z.array(z.string()));

/** Permissions as the tables keep them. */
export const permissionText = (permissions: ReadonlySet<Permission>): string => JSON.stringify(toStatements(permissions));

/** Reads them back; nothing written, nothing allowed. */
export const readPermissionText = (text: string | null): ReadonlySet<Permission> =>
  fromStatements(statementsSchema.parse(JSON.parse(text ?? '{}')));

/** @throws FactotumError `auth.forbidden` when somebody would give what they do not have. `within` undefined: the operator, who has everything. */
export function refuseBeyond(wanted: ReadonlySet<Permission>, within: ReadonlySet<Permission> | undefined): void {
  const beyond = within === undefined ? [] : [...wanted.difference(within)];
  if (beyond.length > 0)
    throw new FactotumError('auth.forbidden', `You cannot give what you may not do yourself: ${beyond.join(', ')}.`, {
      details: { beyond },
    });
}
