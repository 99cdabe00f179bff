import type { Clock, Logger } from '#kernel';
import type { Database } from '#kernel/database';
import type { Certificates } from '#trust/certificate';
import type { Identity } from '#trust/identity';
import type { InstallationKey, Keyring } from '#trust/key';
import {
  apiKeyKind,
  certificateKind,
  databasePasswordKind,
  oauthTokenKind,
  type RotationDeps,
  type RotationKind,
  signingKeyKind,
  staticKind,
} from '#trust/rotation';
import type { InSecretUnit, SecretResolver } from '#trust/secret';

/** How credentials of each kind are renewed on this platform. */
export function createRotation(parts: {
  readonly database: Database;
  readonly keyring: Pick<Keyring, 'of'>;
  readonly installation: InstallationKey;
  readonly inUnit: InSecretUnit;
  readonly resolver: SecretResolver;
  readonly identity: Identity;
  readonly certificates: Certificates;
  readonly clock: Clock;
  readonly log: Logger;
}): RotationDeps {
  const { identity, certificates, ...rest } = parts;
  const kinds: readonly RotationKind[] = [
    staticKind,
    apiKeyKind(identity, rest.database),
    oauthTokenKind(),
    databasePasswordKind,
    signingKeyKind,
    certificateKind(certificates),
  ];
  return { ...rest, kinds: new Map(kinds.map((kind) => [kind.kind, kind])) };
}
