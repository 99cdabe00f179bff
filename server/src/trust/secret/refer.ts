import { FactotumError } from '#kernel';

/**
 * Whoever says where a secret is used decides who gets its value: an address of their own reads it. So it takes the permission to change it.
 *
 * @throws FactotumError `auth.forbidden`.
 */
export function requireMayRefer({ permissions }: { readonly permissions: ReadonlySet<string> }): void {
  if (permissions.has('secret:admin')) return;
  throw new FactotumError(
    'auth.forbidden',
    'Referring to a secret needs the permission secret:admin as well: it decides who gets its value.',
    {
      details: { permission: 'secret:admin' },
    },
  );
}
