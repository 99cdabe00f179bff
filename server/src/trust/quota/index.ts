/** The door to quotas: what a tenant may use, what it has used, and counted limits in general. */
export { addressBlock } from './address-block.ts';
export { createAddressCounters } from './address-counter.ts';
export type { ChangeListener, LimitsChanged } from './change.ts';
export { type Consumption, type ConsumptionResult, consume } from './consume.ts';
export { createQuotaKeeper } from './keeper.ts';
export { type LimitChanges, limitsShape, parseLimitChanges, readLimits, writeLimits } from './limits.ts';
export { type GaugeName, isQuotaName, type Limits, type Quota, type QuotaName, quotas, type RateName } from './quotas.ts';
export { quotaRefusals } from './refusal.ts';
export {
  type Counted,
  createRequestLimits,
  type RequestLimits,
  type RequestLimitsDeps,
  rateClasses,
} from './request-limits.ts';
export { createQuotas, type Quotas, type QuotasDeps, type Room } from './service.ts';
export { createModelBudget, type ModelBudget, type Reserved, type UsedUp } from './spend.ts';
export type { Usage } from './usage.ts';
export { countVaultBytes, restartUse, vaultRoom } from './vault.ts';
export type { Window } from './window.ts';
