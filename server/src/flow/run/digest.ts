import type { ApprovalRow } from '#engine';
import { type Answer, answerSchema, isGenuineDecision, isIntact } from '#flow/approval';
import { canonicalJson, type Json } from '#kernel';
import { joinLabels } from '#trust/policy';
import { approvalOf, change, changeApproval, isHeld, note, type StepWork, type Work, withdraw } from './work.ts';

/**
 * Takes in what people have decided since the task was last in hand, and what has expired unanswered.
 * @returns 'replan' when somebody asked back and a new plan has to answer.
 */
export function digestDecisions(work: Work): 'on' | 'replan' {
  let replan = false;
  for (const step of work.steps) {
    if (step.state !== 'waiting') continue;
    const approval = approvalOf(work, step.spec.id);
    if (approval === undefined) change(step, { state: 'pending' });
    else if (digest(work, step, approval)) replan = true;
  }
  return replan ? 'replan' : 'on';
}

/** @returns whether the decision asks for a new plan. */
function digest(work: Work, step: StepWork, approval: ApprovalRow): boolean {
  switch (approval.state) {
    case 'waiting':
      lookAtOpenQuestion(work, step, approval);
      return false;
    case 'approved':
      return false;
    case 'expired':
      turnDown(work, step, 'approval.expired', 'Nobody answered in time.');
      return false;
    case 'cancelled':
      turnDown(work, step, 'approval.cancelled', 'The question was withdrawn.');
      return false;
    case 'rejected':
    case 'superseded':
      return takeAnswer(work, step, approval);
  }
}

function lookAtOpenQuestion(work: Work, step: StepWork, approval: ApprovalRow): void {
  if (approval.expiresAt <= work.tools.clock.now()) {
    changeApproval(work, approval, 'expired');
    note(work, {
      kind: 'approval.expired',
      objectId: approval.approvalId,
      state: 'expired',
      detail: { step: step.spec.id, tool: step.spec.tool },
    });
    turnDown(work, step, 'approval.expired', 'Nobody answered in time.');
  } else if (!isIntact(work.keys, work, approval)) {
    withdraw(work, approval, 'superseded', 'the recorded question has been altered');
    change(step, { state: 'pending' });
  }
}

function takeAnswer(work: Work, step: StepWork, approval: ApprovalRow): boolean {
  const { decidedBy, decidedAt, answer: sealed } = approval;
  if (!isGenuineDecision(work.keys, approval) || sealed === null || decidedBy === null || decidedAt === null) {
    // A row that says "rejected" or "superseded" without a person's decision behind it decides nothing: ask again.
    change(step, { state: 'pending' });
    return false;
  }
  if (isHeld(work, approval)) return false;
  const answer = work.keys.openJson({ kind: 'approval.answer', id: approval.approvalId }, sealed, answerSchema);
  if (answer.decision === 'undo') {
    change(step, { state: 'pending', body: step.body === null ? null : { ...step.body, takenBackBy: decidedBy } });
    return false;
  }
  if (approval.state === 'rejected') {
    turnDown(work, step, 'approval.rejected', answer.comment ?? 'A person said no.');
    return false;
  }
  if (answer.decision === 'edit' && answer.edits !== undefined && step.body !== null) {
    takeEdits(step, answer.edits, decidedBy);
    return false;
  }
  const said = { at: decidedAt.toISOString(), by: decidedBy, text: answer.comment ?? '' };
  const { answers = [] } = work.detail;
  // The way to the new plan may take several claims; what was said is kept once.
  if (!answers.some(({ at, by }) => at === said.at && by === said.by)) work.detail = { ...work.detail, answers: [...answers, said] };
  return true;
}

/** The step keeps the edited bytes. Whoever edited answers for what they changed; the rest comes from where it came. */
function takeEdits(step: StepWork, edits: NonNullable<Answer['edits']>, by: string): void {
  if (step.body === null) return;
  const before = step.body.args;
  const member = { sources: [`member:${by}`], integrity: 'trusted' as const, readers: 'tenant' as const };
  const args = Object.fromEntries(
    Object.entries(edits).map(([name, value = null]) => {
      const old = Object.hasOwn(before, name) ? before[name] : undefined;
      if (old === undefined) return [name, { value, label: member }];
      if (canonicalJson(old.value) === canonicalJson(value)) return [name, old];
      return [name, { value, label: keepsSome(old.value, value) ? joinLabels(old.label, member) : member }];
    }),
  );
  change(step, { state: 'pending', body: { ...step.body, args, editedBy: by } });
}

/** A list of which something is left: who changes one payment of many does not vouch for the others. */
function keepsSome(before: Json, after: Json): boolean {
  if (!Array.isArray(before) || !Array.isArray(after)) return false;
  const old = new Set(before.map((item: Json) => canonicalJson(item)));
  return after.some((item: Json) => old.has(canonicalJson(item)));
}

function turnDown(work: Work, step: StepWork, rule: string, text: string): void {
  const body = step.body;
  change(step, {
    state: 'refused',
    errorCode: rule,
    finishedAt: work.tools.clock.now(),
    body: body === null ? null : { ...body, reasons: [{ rule, text }, ...body.reasons], error: { code: rule, message: text } },
  });
  note(work, { kind: 'step.refused', objectId: work.taskId, state: 'refused', detail: { step: step.spec.id, tool: step.spec.tool, rule } });
}
