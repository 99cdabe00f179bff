import type { ApprovalRow } from '#engine';
import { agreedIn, buildApproval, lacking, openIntact, plainArgs, staleness } from '#flow/approval';
import type { GateResult } from '#flow/gate';
import type { CatalogueEntry, Effect } from '#flow/tool';
import { isId } from '#kernel';
import { type Args, gateFor, resolveCall } from './call.ts';
import { bareBody, type StepBody } from './step-body.ts';
import { approvalOf, catalogueOf, change, note, riskier, type StepWork, settleAttempt, type Work, withdraw, withdrawOpen } from './work.ts';

type Reason = GateResult['reasons'][number];

/** What is never done a second time without a person, not even when the first time certainly came to nothing. */
const grave: ReadonlySet<string> = new Set<Effect>(['money', 'grant', 'destroy']);

/**
 * Asks the gate about one step that is ready, with its arguments resolved, and writes down the answer: it may go, a person is
 * asked, or it is refused. For a step that a person has approved, everything the approval binds is computed anew first.
 */
export async function consider(work: Work, step: StepWork): Promise<'go' | 'stays'> {
  const known = catalogueOf(work).get(step.spec.tool);
  if (known === null) return refuse(work, step, { rule: 'tool.unknown', text: catalogueOf(work).absence(step.spec.tool) });
  step.effect = known.manifest.effect;
  const args = argsOf(work, step, known);
  if (args === null) return 'stays';
  const gate = gateFor(work, step.spec, args);
  remember(work, step, args, gate);
  if (gate.verdict === 'deny') return refuse(work, step, gate.reasons[0] ?? { rule: 'policy', text: 'Policy forbids this.' });
  const approval = approvalOf(work, step.spec.id);
  if (step.state === 'waiting' && approval?.state === 'approved') {
    const { demands } = gate;
    // As late as can be: in the time for which a yes waited for its turn, whoever said it may have left.
    const may = await work.tools.whoMayDecide(work.tenantId, agreedIn(work.keys, approval));
    const asked = { demands, may, now: work.tools.clock.now() };
    const stale = staleness(work.keys, approval, boundAction(work, step, { known, args, gate }), asked);
    if (stale === null) return 'go';
    withdraw(work, approval, 'superseded', stale);
    return ask(work, step, { known, args, gate }, { rule: 'approval.changed', text: `You are asked again: ${stale}.` });
  }
  const whyAsk = whyAskAnyway(work, step);
  if (gate.verdict === 'ask' || whyAsk !== null) return ask(work, step, { known, args, gate }, whyAsk);
  if (await grantHolds(work, step, gate)) return 'go';
  const spent = { rule: 'grant.spent', text: "Today's uses of the standing permission are spent." };
  return ask(work, step, { known, args, gate }, spent);
}

/**
 * The second look, after the intent was committed under a newer revision. @returns false when the step may not go any more;
 * its attempt is settled as not made and the step goes back to be considered.
 */
export function reconsider(work: Work, step: StepWork): boolean {
  const body = step.body;
  if (body !== null) {
    const gate = gateFor(work, step.spec, body.args);
    const approval = approvalOf(work, step.spec.id);
    const same = gate.policyHash === body.policyHash && gate.verdict !== 'deny';
    const sameGrant = gate.grantId === undefined || gate.grantId === body.grantId;
    const agreed = approval?.state === 'approved' && lacksNothing(work, approval, gate);
    if (same && (agreed || (gate.verdict === 'auto' && sameGrant))) return true;
    if (approval?.state === 'approved') withdraw(work, approval, 'superseded', 'the policy that decides about it has changed since');
  }
  settleAttempt(work, step.spec.id, 'do', 'failed');
  change(step, { state: 'pending', startedAt: null });
  return false;
}

/** Whether as many people have agreed, and as they had to, as the policies ask for now. */
function lacksNothing(work: Work, approval: ApprovalRow, { demands }: GateResult): boolean {
  const body = openIntact(work.keys, work, approval);
  return body !== null && lacking(work.keys, approval, body, { demands }) === null;
}

interface Considered {
  readonly known: CatalogueEntry;
  readonly args: Args;
  readonly gate: GateResult;
}

/** What an approval binds, computed from what is about to be sent. */
function boundAction(work: Work, step: StepWork, { known, args, gate }: Considered) {
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

/** The step's arguments: one that was asked about keeps the bytes that were shown, any other resolves its references now. Null: the step failed over it. */
function argsOf(work: Work, step: StepWork, known: CatalogueEntry): Args | null {
  if (step.body !== null && (step.state === 'waiting' || step.body.editedBy !== undefined)) return step.body.args;
  const resolved = resolveCall(work, { stepId: step.spec.id, call: step.spec, known, results: step.spec.after });
  if (!('fault' in resolved)) return resolved.args;
  fail(work, step, resolved);
  return null;
}

/** Why a person is asked although the gate would let the step run. */
function whyAskAnyway(work: Work, step: StepWork): Reason | null {
  if (step.body?.editedBy !== undefined)
    return { rule: 'approval.edited', text: `Edited by ${step.body.editedBy}: these are the arguments that would be sent now.` };
  if (step.body?.takenBackBy !== undefined)
    return { rule: 'approval.taken_back', text: `${step.body.takenBackBy} took the decision back, so you are asked again.` };
  const repeats = work.attempts.some((attempt) => attempt.stepId === step.spec.id && attempt.direction === 'do');
  return repeats && grave.has(step.effect)
    ? { rule: 'attempt.repeated', text: 'This was begun before and did not happen. It is never begun again without a person.' }
    : null;
}

/** A permission that counts its uses is used up exactly: taken before the effect, once a step, also across a takeover. */
async function grantHolds(work: Work, step: StepWork, { grantId }: GateResult): Promise<boolean> {
  if (grantId === undefined || step.body === null || step.body.grantId === grantId) return true;
  if (!(await work.tools.spendGrant(work.tenantId, grantId, work.tools.clock.now()))) return false;
  change(step, { body: { ...step.body, grantId } });
  return true;
}

function remember(work: Work, step: StepWork, args: Args, gate: GateResult): void {
  const { editedBy, takenBackBy, grantId } = step.body ?? {};
  const body: StepBody = {
    args,
    why: step.spec.why,
    reasons: gate.reasons,
    policies: gate.policies,
    policyHash: gate.policyHash,
    risk: gate.risk,
    ...(editedBy === undefined ? {} : { editedBy }),
    ...(takenBackBy === undefined ? {} : { takenBackBy }),
    ...(grantId === undefined ? {} : { grantId }),
  };
  change(step, { body, verdict: gate.verdict });
  work.progress = { ...work.progress, risk: riskier(work.progress.risk, gate.risk) };
}

/** Puts the step before a person. Whatever was asked about it before is answered no more. */
function ask(work: Work, step: StepWork, { known, args, gate }: Considered, because: Reason | null): 'stays' {
  const now = work.tools.clock.now();
  const reasons = because === null ? gate.reasons : [because, ...gate.reasons];
  withdrawOpen(work, step, 'superseded', 'the step is asked about anew');
  const approval = buildApproval({
    keys: work.keys,
    tenantId: work.tenantId,
    taskId: work.taskId,
    planVersion: work.progress.planVersion,
    stepId: step.spec.id,
    manifest: known.manifest,
    toolSchemaHash: known.schemaHash,
    args,
    directory: work.context.directory,
    gate: { ...gate, reasons },
    authors: authorsOf(work, step, args),
    why: step.spec.why,
    title: work.detail.title,
    from: work.detail.from,
    now,
    expiresAt: new Date(now.getTime() + work.context.settings.approvalTtlHours * 3_600_000),
  });
  work.approvals.push(approval);
  work.pending.approvals.push(approval);
  change(step, { state: 'waiting', verdict: 'ask', body: step.body === null ? null : { ...step.body, reasons } });
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

/** Who sent the event, edited the step last, or wrote anything of what would be sent: by an earlier edit, or by an answer that it was planned from. */
function authorsOf(work: Work, step: StepWork, args: Args): readonly string[] {
  const sources = Object.values(args).flatMap(({ label }) => label.sources);
  const writers = sources.flatMap((source) => (source.startsWith('member:') ? [source.slice('member:'.length)] : []));
  const named = writers.map((writer) => (isId('user', writer) ? `user:${writer}` : writer));
  return [...new Set([work.event.provenance.submittedBy, ...(step.body?.editedBy === undefined ? [] : [step.body.editedBy]), ...named])];
}

function refuse(work: Work, step: StepWork, reason: Reason): 'stays' {
  const body = step.body ?? bareBody(step.spec.why, reason);
  withdrawOpen(work, step, 'superseded', 'policy forbids it by now');
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

function fail(work: Work, step: StepWork, { args = {}, code, fault }: { args?: Args; code: string; fault: string }): void {
  change(step, {
    state: 'failed',
    verdict: 'deny',
    errorCode: code,
    finishedAt: work.tools.clock.now(),
    body: { ...bareBody(step.spec.why), args, error: { code, message: fault } },
  });
  note(work, { kind: 'step.finished', objectId: work.taskId, state: 'failed', detail: { step: step.spec.id, tool: step.spec.tool, code } });
}
