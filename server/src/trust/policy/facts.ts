/** What a tool does to the world, from harmless to grave. `egress` sends something out without changing anything of ours. */
export type Effect = 'read' | 'write' | 'egress' | 'money' | 'grant' | 'destroy';

/**
 * Everything a policy may look at, computed by the gate. Numbers and truths only, never lists: handing a directory of 500 contacts to
 * Cedar costs 2-3.5 ms a decision, these cost under 0.1 ms.
 */
export interface CallFacts {
  readonly tool: string;
  readonly effect: Effect;
  readonly reversible: boolean;
  /** Somebody outside the tenant can notice it. */
  readonly visibleOutside: boolean;
  /** In the currency's smallest unit (cents); absent when the call has no amount, or one that is no whole number of units. */
  readonly amountMinor?: number;
  /** ISO 4217, upper case. */
  readonly currency?: string;
  /** Every recipient is among the tenant's contacts; true when there is none. */
  readonly recipientsKnown: boolean;
  readonly recipientCount: number;
  /** There is a payee and it is among the tenant's payees. */
  readonly payeeKnown: boolean;
  /** Whoever is paid was named by trusted sources alone. */
  readonly payeeFromTrusted: boolean;
  /** Nothing that the task has read and nothing in this call comes from an untrusted source. */
  readonly trustedSourcesOnly: boolean;
  /** Every argument that steers the call comes from a trusted source or is bound by a standing grant. */
  readonly steeringBound: boolean;
  /** The task has read something, or this call reads something, that only the tenant may read. */
  readonly readsPrivate: boolean;
  /** Hour of the day in the tenant's time zone, 0-23. */
  readonly hour: number;
}

/**
 * The Cedar schema. Two actions in one group make three answers: `callUnattended` allowed is auto, else `callWithApproval` allowed is
 * ask, else deny. A forbid on `action` at large blocks both; a forbid on `callUnattended` means "always ask".
 * The name carries a version: parsed schemas live as long as the process.
 */
export const schemaName = 'tool-call:1';
export const schemaText = `
entity Employee;
entity Tool;
action "call";
action "callUnattended", "callWithApproval" in [Action::"call"] appliesTo {
  principal: [Employee],
  resource: [Tool],
  context: {
    effect: String,
    reversible: Bool,
    visibleOutside: Bool,
    amountMinor?: Long,
    currency?: String,
    recipientsKnown: Bool,
    recipientCount: Long,
    payeeKnown: Bool,
    payeeFromTrusted: Bool,
    trustedSourcesOnly: Bool,
    steeringBound: Bool,
    readsPrivate: Bool,
    hour: Long,
  },
};
`;

/** The facts as Cedar's context: all but the tool, which is the resource. */
export function contextOf(facts: CallFacts): Record<string, string | number | boolean> {
  return {
    effect: facts.effect,
    reversible: facts.reversible,
    visibleOutside: facts.visibleOutside,
    ...(facts.amountMinor === undefined ? {} : { amountMinor: facts.amountMinor }),
    ...(facts.currency === undefined ? {} : { currency: facts.currency }),
    recipientsKnown: facts.recipientsKnown,
    recipientCount: facts.recipientCount,
    payeeKnown: facts.payeeKnown,
    payeeFromTrusted: facts.payeeFromTrusted,
    trustedSourcesOnly: facts.trustedSourcesOnly,
    steeringBound: facts.steeringBound,
    readsPrivate: facts.readsPrivate,
    hour: facts.hour,
  };
}
