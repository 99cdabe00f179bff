/** The door to labels, policies, standing grants and the directory: everything that the gate decides by. */
export { normaliseAddress } from './address.ts';
export type { PolicyFault } from './compile.ts';
export {
  defaultPolicyText,
  formTools,
  nearestThresholds,
  policyFromThresholds,
  type Thresholds,
  thresholdsOf,
  thresholdsSchema,
} from './default-policy.ts';
export { type Demands, leastDemands, mostDemanding } from './demand.ts';
export { type Directory, emptyDirectory, knownPayee, knownRecipient, parseDirectory, payeeName, type SkippedRow } from './directory.ts';
export { createPolicyEngine, type LoadedPolicy, type PolicyEngine, type PolicyEngineOptions, type PolicyVerdict } from './engine.ts';
export type { CallFacts, Effect } from './facts.ts';
export {
  createGrant,
  type GivenGrant,
  type GrantInput,
  grantInputSchema,
  listGivenGrants,
  listGrants,
  revokeGrant,
  type StandingGrant,
  useGrant,
} from './grant.ts';
export { normaliseIban } from './iban.ts';
export { type Integrity, joinLabels, type Label, type Labelled, labelSchema } from './label.ts';
export { currencyExponent, formatMinor, isCurrency } from './money.ts';
export { loadPolicy, savePolicy } from './policy.ts';
export { validatePolicy } from './validate.ts';
export { isStricter, stricter, type Verdict } from './verdict.ts';
export { listPolicyVersions, type PolicyVersion, readPolicyVersion } from './versions.ts';
