import { type CallFacts, type Demands, isStricter, mostDemanding, type PolicyVerdict, stricter, type Verdict } from '#trust/policy';
import { type Call, type CallInput, describeCall } from './call.ts';
import { factsOf } from './facts.ts';
import { type Floor, floors } from './floors.ts';

/** Everything that the decision depends on; nothing else is looked at. */
export interface GateInput extends CallInput {
  /** The tenant's policy in force, usually `(facts) => engine.evaluate(policy, facts)`. */
  readonly policy: (facts: CallFacts) => PolicyVerdict;
  /** IANA name, for policies by the hour. */
  readonly timeZone: string;
}

/** Why the gate says what it says. `rule` is a floor's name, or `policy.<id>` for a tenant's policy. */
export interface Reason {
  readonly rule: string;
  readonly text: string;
  readonly args?: readonly string[];
}

export interface GateResult {
  readonly verdict: Verdict;
  readonly risk: 'low' | 'medium' | 'high';
  /** The strictest first; empty when the step simply may run. */
  readonly reasons: readonly Reason[];
  /** The policies that determined the tenant's half of the verdict. */
  readonly policies: readonly { readonly id: string; readonly title: string }[];
  readonly policyHash: string;
  /** What has to come together when a person is asked: the most that any policy asks for, of the call or of a part of it. */
  readonly demands: Demands;
  /** Set when the step runs alone only because of this grant: count the use before the effect. */
  readonly grantId?: string;
}

/**
 * Decides one step: the stricter of the floors, which are code, and the tenant's policies. The planner is taken for hostile, so nothing
 * that it says about the step counts; only values, where they come from, and what we wrote about the tool.
 *
 * A call that does several things is judged as a whole and by each of them as if it were made alone: the strictest verdict counts, so
 * nothing gets past in a crowd.
 */
export const decideStep = (input: GateInput): GateResult => decideBy(floors, input);

/** The decision by these floors. Only tests have any business to leave one out. */
export function decideBy(rules: readonly Floor[], input: GateInput): GateResult {
  const call = describeCall(input);
  const whole = judge(rules, call, input);
  const parts = call.parts.flatMap((part, at) => (part === null ? [] : [{ number: at + 1, judged: judge(rules, part, input) }]));
  const all = [whole, ...parts.map(({ judged }) => judged)];
  const verdict = all.reduce<Verdict>((strictest, one) => stricter(strictest, one.verdict), 'auto');
  const policyVerdict = all.reduce<Verdict>((strictest, { policy }) => stricter(strictest, policy.verdict), 'auto');
  const reasons = [...whole.hits, ...partReasons(call, whole, parts)].sort((left, right) =>
    isStricter(left.verdict, right.verdict) ? -1 : isStricter(right.verdict, left.verdict) ? 1 : 0,
  );
  const policies = new Map(
    all
      .filter(({ policy }) => policy.verdict === policyVerdict)
      .flatMap(({ policy }) => policy.policies.map(({ id, title }) => [id, title])),
  );
  return {
    verdict,
    risk: riskOf(call, verdict),
    reasons: reasons.map(({ verdict: _, ...reason }) => reason),
    policies: [...policies].map(([id, title]) => ({ id, title })),
    policyHash: whole.policy.policyHash,
    demands: mostDemanding(all.map(({ policy }) => policy.demands)),
    ...(verdict === 'auto' && call.grant !== null ? { grantId: call.grant.id } : {}),
  };
}

type JudgedReason = Reason & { readonly verdict: Verdict };

interface Judged {
  readonly verdict: Verdict;
  readonly hits: readonly JudgedReason[];
  readonly policy: PolicyVerdict;
}

/** One call alone, by floors and policies. */
function judge(rules: readonly Floor[], call: Call, { policy: evaluate, timeZone }: GateInput): Judged {
  const hits = rules.flatMap(({ rule, verdict, applies }) => {
    const hit = applies(call);
    return hit === null ? [] : [{ rule, verdict, ...hit }];
  });
  const policy = evaluate(factsOf(call, timeZone));
  return {
    verdict: hits.reduce((strictest, hit) => stricter(strictest, hit.verdict), policy.verdict),
    hits: [...hits, ...policyReasons(policy)],
    policy,
  };
}

/** How many parts a sentence names. */
const numbersMax = 5;

/** What is said against single parts, each sentence once with their numbers. What holds for all of them is not said twice. */
function partReasons(
  { manifest, parts: every }: Call,
  whole: Judged,
  parts: readonly { readonly number: number; readonly judged: Judged }[],
): JudgedReason[] {
  const list = manifest.parts;
  if (list === undefined) return [];
  const found = Map.groupBy(
    parts.flatMap(({ number, judged }) => judged.hits.map((hit) => ({ number, hit }))),
    ({ hit: { rule, verdict, text } }) => JSON.stringify([rule, verdict, text]),
  );
  return [...found.values()].flatMap((group) => {
    const hit = group[0]?.hit;
    if (hit === undefined) return [];
    const isOfAll = group.length === every.length;
    if (isOfAll && whole.hits.some(({ rule, verdict }) => rule === hit.rule && verdict === hit.verdict)) return [];
    const numbers = group.slice(0, numbersMax).map(({ number }) => number);
    const more = group.length > numbersMax ? ` and ${group.length - numbersMax} more` : '';
    const which = isOfAll ? `Each ${list.title.toLowerCase()}` : `${list.title} ${numbers.join(', ')}${more}`;
    return [{ rule: hit.rule, verdict: hit.verdict, text: `${which}: ${hit.text}`, args: [list.arg] }];
  });
}

function policyReasons(policy: PolicyVerdict): JudgedReason[] {
  const { verdict } = policy;
  if (verdict === 'auto') return [];
  if (policy.fault)
    return [{ verdict, rule: 'policy.fault', text: 'The policies could not be evaluated, so nothing is allowed. Check their text.' }];
  if (policy.policies.length === 0) return [{ verdict, rule: 'policy.none', text: 'No policy allows this.' }];
  return policy.policies.map(({ id, title }) => ({ verdict, rule: `policy.${id}`, text: `${title}.` }));
}

/** The tool's own risk, raised by what is grave in itself and by what a stranger steers. */
function riskOf(call: Call, verdict: Verdict): GateResult['risk'] {
  const { effect, risk } = call.manifest;
  const grave = effect === 'money' || effect === 'grant' || effect === 'destroy';
  if (grave || verdict === 'deny' || (call.outward && call.unbound.length > 0)) return 'high';
  return risk === 'low' && call.outward ? 'medium' : risk;
}
