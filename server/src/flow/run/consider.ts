import type { ApprovalRow } from '#engine';
import { buildApproval, plainArgs, staleness } from '#flow/approval';
import { decideStep, type GateResult } from '#flow/gate';
import { eventLabel, resolveArgs, taskFacts } from '#flow/plan';
import { canonicalJson, isFactotumError } from '#kernel';
import type { Labelled } from '#trust/policy';
import type { StepBody } from './step-body.ts';
import { approvalOf, change, changeApproval, note, riskier, type StepWork, settleAttempt, stepOf, type Work } from './work.ts';

type Known = NonNullable<ReturnType<Work['tools']['catalogue']['get']>>;

/**
 * Asks the gate about one step that is ready, with its arguments resolved, and writes down the answer: it may go, a person is
 * asked, or it is refused. For a step that a person has approved, everything the approval binds is computed anew first.
 */
export async function consider(work: Work, step: StepWork): Promise<'go' | 'stays'> {
  const known = work.tools.catalogue.get(step.spec.tool);
  if (known === null) return refuse(work, step, { rule: 'tool.unknown', text: `There is no tool called ${step.spec.tool}.` });
  step.effect = known.manifest.effect;
  const args = argsOf(work, step, known);
  if (args === null) return 'stays';
  const gate = gateFor(work, step, args);
  remember(work, step, args, gate);
  if (gate.verdict === 'deny') return refuse(work, step, gate.reasons[0] ?? { rule: 'policy', text: 'Policy forbids this.' });
  const approval = approvalOf(work, step.spec.id);
  if (step.state === 'waiting' && approval?.state === 'approved') {
    const stale = staleness(work.keys, approval, boundAction(work, step, known, args, gate), work.tools.clock.now());
    if (stale === null) return 'go';
    changeApproval(work, approval, 'superseded');
    note(work, {
      kind: 'approval.superseded',
      objectId: approval.approvalId,
      state: 'superseded',
      detail: { step: step.spec.id, reason: stale },
    });
    return ask(work, step, known, args, {
      ...gate,
      verdict: 'ask',
      reasons: [{ rule: 'approval.changed', text: `You are asked again: ${stale}.` }, ...gate.reasons],
    });
  }
  if (gate.verdict === 'auto' && (await grantHolds(work, step, gate))) return 'go';
  return ask(work, step, known, args, gate);
}

/**
 * The second look, after the intent was committed under a newer revision. @returns false when the step may not go any more;
 * its attempt is settled as not made and the step goes back to be considered.
 */
export function reconsider(work: Work, step: StepWork): boolean {
  const known = work.tools.catalogue.get(step.spec.tool);
  const args = step.body?.args;
  if (known !== null && args !== undefined) {
    const gate = gateFor(work, step, args);
    const approval = approvalOf(work, step.spec.id);
    const same = gate.policyHash === step.body?.policyHash && gate.verdict !== 'deny';
    if (same && (gate.verdict === 'auto' || approval?.state === 'approved')) return true;
    if (approval?.state === 'approved') {
      changeApproval(work, approval, 'superseded');
      note(work, {
        kind: 'approval.superseded',
        objectId: approval.approvalId,
        state: 'superseded',
        detail: { step: step.spec.id, reason: 'the policy that decides about it has changed since' },
      });
    }
  }
  settleAttempt(work, step.spec.id, 'do', 'failed');
  change(step, { state: 'pending', startedAt: null });
  return false;
}

/** What an approval binds, computed from what is about to be sent. */
export function boundAction(work: Work, step: StepWork, known: Known, args: Readonly<Record<string, Labelled>>, gate: GateResult) {
  return {
    tenant: work.tenantId,
    task: work.taskId,
    planVersion: work.progress.planVersion,
    step: step.spec.id,
    tool: step.spec.tool,
    args: plainArgs(args),
    toolSchemaHash: known.schemaHash,
    policyHash: gate.policyHash,
  };
}

/** The step's arguments: an approved step keeps the bytes that were shown, any other resolves its references now. Null: the step failed over it. */
function argsOf(work: Work, step: StepWork, known: Known): Readonly<Record<string, Labelled>> | null {
  if (step.body !== null && (step.state === 'waiting' || step.body.reasons.some(({ rule }) => rule === 'approval.edited')))
    return step.body.args;
  try {
    const args = resolveArgs(step.spec, {
      event: { value: work.event.payload, label: labelOfEvent(work) },
      values: work.plan?.values ?? {},
      literal: work.plan?.literal ?? { sources: [], integrity: 'untrusted', readers: 'tenant' },
      task: taskFacts({ taskId: work.taskId, receivedAt: work.lease.snapshot.event.receivedAt, timeZone: work.context.settings.timeZone }),
      results: Object.fromEntries(step.spec.after.flatMap((id) => resultOf(work, id))),
    });
    const fits = known.input.safeParse(plainArgs(args));
    if (fits.success) return args;
    const faults = fits.error.issues.map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`).join('; ');
    fail(work, step, args, 'tool.invalid_arguments', `The arguments do not fit ${step.spec.tool}: ${faults}.`);
  } catch (error) {
    if (!isFactotumError(error)) throw error;
    fail(work, step, {}, error.code, error.message);
  }
  return null;
}

function resultOf(work: Work, stepId: string): [string, Labelled][] {
  const result = stepOf(work, stepId).body?.result;
  return result === undefined ? [] : [[stepId, result]];
}

const labelOfEvent = (work: Work) => eventLabel(work.lease.snapshot.event.source, work.event.provenance);

function gateFor(work: Work, step: StepWork, args: Readonly<Record<string, Labelled>>): GateResult {
  const manifest = work.tools.catalogue.get(step.spec.tool)?.manifest ?? null;
  const done = work.steps.filter((other) => other.state === 'done' && other.body?.result !== undefined);
  return decideStep({
    tool: step.spec.tool,
    manifest,
    args,
    policy: (facts) => work.tools.policies.evaluate(work.context.policy, facts),
    grants: work.context.grants,
    directory: work.context.directory,
    source: work.lease.snapshot.event.source,
    playbook: work.progress.playbook,
    spec: step.spec,
    // Everything that the task has touched so far: the rule of two looks at the whole, not at one argument.
    taskLabels: [labelOfEvent(work), ...done.map((other) => other.body?.result?.label ?? labelOfEvent(work))],
    readPrivate: done.some((other) => work.tools.catalogue.get(other.spec.tool)?.manifest.readsPrivate === true),
    now: work.tools.clock.now(),
    timeZone: work.context.settings.timeZone,
  });
}

/** A permission that counts its uses is used up exactly: taken before the effect, once a step, also across a takeover. */
async function grantHolds(work: Work, step: StepWork, gate: GateResult): Promise<boolean> {
  if (gate.grantId === undefined || work.attempts.some((attempt) => attempt.stepId === step.spec.id && attempt.direction === 'do'))
    return true;
  return work.tools.spendGrant(work.tenantId, gate.grantId, work.tools.clock.now());
}

function remember(work: Work, step: StepWork, args: Readonly<Record<string, Labelled>>, gate: GateResult): void {
  const edited = step.body?.reasons.filter(({ rule }) => rule === 'approval.edited') ?? [];
  const body: StepBody = {
    args,
    why: step.spec.why,
    reasons: [...edited, ...gate.reasons],
    policies: gate.policies,
    policyHash: gate.policyHash,
    risk: gate.risk,
  };
  change(step, { body, verdict: gate.verdict });
  work.progress = { ...work.progress, risk: riskier(work.progress.risk, gate.risk) };
}

function ask(work: Work, step: StepWork, known: Known, args: Readonly<Record<string, Labelled>>, gate: GateResult): 'stays' {
  const now = work.tools.clock.now();
  const reasons =
    gate.verdict === 'auto'
      ? [{ rule: 'grant.spent', text: "Today's uses of the standing permission are spent." }, ...gate.reasons]
      : gate.reasons;
  const approval: ApprovalRow = buildApproval({
    keys: work.keys,
    tenantId: work.tenantId,
    taskId: work.taskId,
    planVersion: work.progress.planVersion,
    stepId: step.spec.id,
    manifest: known.manifest,
    toolSchemaHash: known.schemaHash,
    args,
    gate: { ...gate, reasons },
    why: step.spec.why,
    title: work.detail.title,
    from: work.detail.from,
    now,
    expiresAt: new Date(now.getTime() + work.context.settings.approvalTtlHours * 3_600_000),
  });
  work.approvals.push(approval);
  work.pending.approvals.push(approval);
  change(step, { state: 'waiting', verdict: 'ask' });
  note(work, {
    kind: 'approval.requested',
    objectId: approval.approvalId,
    state: 'waiting',
    detail: {
      step: step.spec.id,
      tool: step.spec.tool,
      payloadHash: approval.payloadHash,
      policies: [...approval.policyIds],
      risk: approval.risk,
    },
  });
  return 'stays';
}

function refuse(work: Work, step: StepWork, reason: { rule: string; text: string }): 'stays' {
  const body = step.body ?? { args: {}, why: step.spec.why, reasons: [reason], policies: [], policyHash: '', risk: 'high' as const };
  change(step, {
    state: 'refused',
    verdict: 'deny',
    errorCode: 'gate.denied',
    finishedAt: work.tools.clock.now(),
    body: { ...body, error: { code: 'gate.denied', message: reason.text } },
  });
  note(work, {
    kind: 'step.refused',
    objectId: work.taskId,
    state: 'refused',
    detail: { step: step.spec.id, tool: step.spec.tool, rule: reason.rule, policies: body.policies.map(({ id }) => id) },
  });
  return 'stays';
}

function fail(work: Work, step: StepWork, args: Readonly<Record<string, Labelled>>, code: string, message: string): void {
  change(step, {
    state: 'failed',
    verdict: 'deny',
    errorCode: code,
    finishedAt: work.tools.clock.now(),
    body: { args, why: step.spec.why, reasons: [], policies: [], policyHash: '', risk: 'low', error: { code, message } },
  });
  note(work, { kind: 'step.finished', objectId: work.taskId, state: 'failed', detail: { step: step.spec.id, tool: step.spec.tool, code } });
}

/** The canonical bytes that a tool gets. */
export const bytesOf = (args: Readonly<Record<string, Labelled>>): string => canonicalJson(plainArgs(args));
