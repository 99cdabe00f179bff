/** The door to the gate: the pure decision about one step. */
export type { CallInput } from './call.ts';
export { decideStep, type GateInput, type GateResult, type Reason } from './decide-step.ts';
export { type GrantableTool, grantableTools, grantFaults } from './grantable.ts';
export { resultLabel } from './result-label.ts';
