import { isDeepStrictEqual } from 'node:util';
import { lineArgs, plainArgs } from '#flow/approval';
import { decideStep, type GateResult } from '#flow/gate';
import type { ToolCatalogue } from '#flow/tool';
import type { Directory, LoadedPolicy, PolicyEngine, StandingGrant, Verdict } from '#trust/policy';
import { type Demands, mostDemanding, stricter } from '#trust/policy';
import type { Past, Unjudged } from './past.ts';

/** What decides besides the policy, as it is today. */
export interface Today {
  readonly engine: PolicyEngine;
  readonly catalogue: ToolCatalogue;
  readonly grants: readonly StandingGrant[];
  readonly directory: Directory;
  readonly timeZone: string;
  /** The text that was in force at that moment, null where nobody knows any more. */
  readonly policyAt: (at: Date) => Promise<LoadedPolicy | null>;
}

/** What two policies say about one past decision. */
export interface Judgement {
  readonly past: Past;
  readonly headline: string;
  /** What the headline is made of. */
  readonly shown: Readonly<Record<string, string>>;
  readonly before: Verdict;
  readonly after: Verdict;
  /** Where a person is asked both ways: whether more would have to come together than today, or less. */
  readonly demands: 'more' | 'less' | 'same';
  /** Why it would be as it would be, in the words of the rules. */
  readonly reasons: GateResult['reasons'];
}

/** Asks the gate again about a past decision, or says why that would tell nothing. */
export async function judge(
  past: Past,
  today: Today,
  policies: { readonly now: LoadedPolicy; readonly candidate: LoadedPolicy },
): Promise<Judgement | Unjudged> {
  const manifest = today.catalogue.get(past.row.tool)?.manifest;
  if (manifest === undefined) return 'tool_gone';
  const then = await today.policyAt(past.at);
  if (then === null) return 'changed_since';
  const gate = (policy: LoadedPolicy) =>
    decideStep({
      tool: past.row.tool,
      manifest,
      args: past.body.args,
      spec: past.spec,
      source: past.source,
      playbook: past.playbook,
      grants: today.grants,
      directory: today.directory,
      taskLabels: past.taskLabels,
      readPrivate: past.readPrivate,
      now: past.at,
      timeZone: today.timeZone,
      policy: (facts) => today.engine.evaluate(policy, facts),
    });
  const again = gate(then);
  const known = past.approval?.policyHash ?? past.body.policyHash;
  if (verdictOf(again, past) !== past.row.verdict || again.policyHash !== known) return 'changed_since';
  const args = plainArgs(past.body.args);
  const now = gate(policies.now);
  const candidate = gate(policies.candidate);
  return {
    past,
    headline: manifest.headline(args),
    shown: lineArgs(manifest, args),
    before: verdictOf(now, past),
    after: verdictOf(candidate, past),
    demands: compareDemands(now.demands, candidate.demands),
    reasons: candidate.reasons.slice(0, 3),
  };
}

/** The gate's verdict and what stood beside it: some questions were asked whatever the gate said. */
function verdictOf(gate: GateResult, { body }: Past): Verdict {
  const because = new Set(body.reasons.map(({ rule }) => rule));
  const isAsked = because.has('attempt.repeated') || (gate.grantId !== undefined && because.has('grant.spent'));
  return isAsked ? stricter(gate.verdict, 'ask') : gate.verdict;
}

/** Something more counts as more, whatever else is less. */
function compareDemands(now: Demands, then: Demands): Judgement['demands'] {
  const isWithin = (outer: Demands, inner: Demands) => isDeepStrictEqual(mostDemanding([outer, inner]), outer);
  return isWithin(now, then) ? (isWithin(then, now) ? 'same' : 'less') : 'more';
}
