import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '#trust/policy';
import {
  allow,
  by,
  call,
  grant,
  granted,
  heldRefs,
  hold,
  letter,
  look,
  member,
  pay,
  payment,
  send,
  stranger,
  time,
  write,
} from '../../../test/gate-calls.ts';
import { decideStep, type GateInput } from './decide-step.ts';

test('a policy can be stricter than the floors and never looser', () => {
  const trusted = call(write, { path: by(member, 'Inbox/A.md') });
  const steered = call(write, { path: by(stranger, 'Inbox/A.md') });
  const protectedNote = call(write, { path: by(stranger, 'Playbooks/A.md') });
  const says = (verdict: Verdict): Partial<GateInput> => ({
    policy: () => ({ ...allow, verdict, policies: [{ id: 'p', title: 'No', textHash: '' }] }),
  });
  const verdicts = (input: GateInput) =>
    (['auto', 'ask', 'deny'] as const).map((verdict) => decideStep({ ...input, ...says(verdict) }).verdict);
  assert.deepEqual(verdicts(trusted), ['auto', 'ask', 'deny']);
  assert.deepEqual(verdicts(steered), ['ask', 'ask', 'deny']);
  assert.deepEqual(verdicts(protectedNote), ['deny', 'deny', 'deny']);
});

test('every reason is given, the strictest first', () => {
  const result = decideStep(
    call(
      write,
      { path: by(stranger, 'Playbooks/A.md'), mode: by(stranger, 'x') },
      { policy: () => ({ ...allow, verdict: 'ask', policies: [{ id: 'p', title: 'Writing asks', textHash: '' }] }) },
    ),
  );
  assert.deepEqual(
    result.reasons.map(({ rule }) => rule),
    ['argument.unlisted', 'vault.protected', 'steering.untrusted', 'policy.p'],
  );
  assert.deepEqual(result.reasons[2]?.args, ['path', 'mode']);
  assert.equal(result.reasons[2]?.text, 'Path, mode come from mail from alice@example.com, so a stranger can have chosen it.');
});

test('a policy that cannot be evaluated or allows nothing is named as the reason', () => {
  const input = call(look, { path: by(member, 'Inbox/A.md') });
  assert.equal(decideStep({ ...input, policy: () => ({ ...allow, verdict: 'deny', fault: true }) }).reasons[0]?.rule, 'policy.fault');
  assert.equal(decideStep({ ...input, policy: () => ({ ...allow, verdict: 'deny' }) }).reasons[0]?.rule, 'policy.none');
});

test('a grant is named only when the step runs because of it', () => {
  assert.equal(decideStep(granted()).grantId, grant.id);
  assert.equal(decideStep(granted({ policy: () => ({ ...allow, verdict: 'ask' }) })).grantId, undefined);
  assert.equal(
    decideStep(call(hold, { start: by(member, time), end: by(member, time) }, { spec: heldRefs, grants: [grant] })).grantId,
    undefined,
  );
});

test('money is of high risk, and so is what a stranger steers outwards', () => {
  assert.equal(decideStep(call(pay, payment(member))).risk, 'high');
  assert.equal(decideStep(call(send, letter(by(member, 'a')))).risk, 'medium');
  assert.equal(decideStep(call(send, letter(by(member, 'a'), by(stranger, ['bob@example.com'])))).risk, 'high');
  assert.equal(decideStep(call(write, { path: by(stranger, 'Inbox/A.md') })).risk, 'low');
});
