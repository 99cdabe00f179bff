import type { ApprovalRow } from '#engine';
import { type Answer, answerSchema, isGenuineDecision } from '#flow/approval';
import { approvalOf, change, changeApproval, note, type StepWork, type Work } from './work.ts';

/**
 * Takes in what people have decided since the task was last in hand, and what has expired unanswered.
 * @returns 'replan' when somebody asked back and a new plan has to answer.
 */
export async function digestDecisions(work: Work): Promise<'on' | 'replan'> {
  let replan = false;
  for (const step of work.steps) {
    if (step.state !== 'waiting') continue;
    const approval = approvalOf(work, step.spec.id);
    if (approval === undefined) change(step, { state: 'pending' });
    else if (await digest(work, step, approval)) replan = true;
  }
  if (!replan) return 'on';
  for (const step of work.steps) {
    const open = approvalOf(work, step.spec.id);
    if (step.state === 'waiting' && open?.state === 'waiting') changeApproval(work, open, 'superseded');
  }
  return 'replan';
}

/** @returns whether the decision asks for a new plan. */
async function digest(work: Work, step: StepWork, approval: ApprovalRow): Promise<boolean> {
  const now = work.tools.clock.now();
  if (approval.state === 'waiting') {
    if (approval.expiresAt <= now) {
      changeApproval(work, approval, 'expired');
      note(work, {
        kind: 'approval.expired',
        objectId: approval.approvalId,
        state: 'expired',
        detail: { step: step.spec.id, tool: step.spec.tool },
      });
      turnDown(work, step, 'approval.expired', 'Nobody answered in time.');
    }
    return false;
  }
  if (approval.state === 'approved') return false;
  if (approval.state === 'expired' || approval.state === 'cancelled') {
    turnDown(
      work,
      step,
      `approval.${approval.state}`,
      approval.state === 'expired' ? 'Nobody answered in time.' : 'The question was withdrawn.',
    );
    return false;
  }
  if (!isGenuineDecision(work.keys, approval) || approval.answer === null) {
    // A row that says "rejected" or "superseded" without a person's decision behind it decides nothing: ask again.
    change(step, { state: 'pending' });
    return false;
  }
  const answer = work.keys.openJson({ kind: 'approval.answer', id: approval.approvalId }, approval.answer, answerSchema);
  if (approval.state === 'rejected') {
    turnDown(work, step, 'approval.rejected', answer.comment ?? 'A person said no.');
    return false;
  }
  return takeAnswer(work, step, approval, answer);
}

function takeAnswer(work: Work, step: StepWork, approval: ApprovalRow, answer: Answer): boolean {
  const by = approval.decidedBy ?? 'somebody';
  if (answer.decision === 'edit' && answer.edits !== undefined && step.body !== null) {
    const before = step.body.args;
    const member = { sources: [`member:${by}`], integrity: 'trusted' as const, readers: 'tenant' as const };
    const args = Object.fromEntries(
      Object.entries(answer.edits).map(([name, value]) => {
        const old = before[name];
        return [
          name,
          old !== undefined && JSON.stringify(old.value) === JSON.stringify(value) ? old : { value: value ?? null, label: member },
        ];
      }),
    );
    // The step keeps the edited bytes; the gate and a person look at them like at any others.
    change(step, { state: 'pending', body: { ...step.body, args, reasons: [{ rule: 'approval.edited', text: `Edited by ${by}.` }] } });
    return false;
  }
  const text = answer.comment ?? '';
  work.detail = {
    ...work.detail,
    answers: [...(work.detail.answers ?? []), { at: (approval.decidedAt ?? work.tools.clock.now()).toISOString(), by, text }],
  };
  return true;
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
