/** The door to rotations: new values for secrets before anybody has to. */
export { createDueRotations } from './due.ts';
export { createRotationJobs, type RotationDeps } from './jobs.ts';
export { apiKeyKind } from './kind/api-key.ts';
export { certificateKind } from './kind/certificate.ts';
export { databasePasswordKind } from './kind/database-password.ts';
export { oauthTokenKind } from './kind/oauth-token.ts';
export { signingKeyKind } from './kind/signing-key.ts';
export { staticKind } from './kind/static.ts';
export type { RotationKind } from './kind.ts';
export { startRotation } from './start.ts';
