import { FactotumError } from '#kernel';
import type { RotationKind } from '../kind.ts';

/** A value that only its issuer and a person know how to make: a password, somebody else's API key. */
export const staticKind: RotationKind = {
  kind: 'static',
  makesValues: false,
  forTenants: true,
  async create() {
    throw new FactotumError('request.invalid', 'A value of this kind is made by its issuer. Get a new one there and send it along.');
  },
  // Whether it is right only shows where it is used.
  test: async () => undefined,
  revoke: async () => undefined,
};
