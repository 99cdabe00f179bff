import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compile } from './compile.ts';
import { formTools, nearestThresholds, policyFromThresholds, type Thresholds, thresholdsOf } from './default-policy.ts';
import { validatePolicy } from './validate.ts';

const choices: fc.Arbitrary<Thresholds> = fc.record({
  payUnattendedUpToMinor: fc.constantFrom(0, 1, 5_000, 100_000_000),
  currency: fc.constantFrom('EUR', 'USD', 'JPY', 'KWD'),
  sendUnattendedToKnown: fc.boolean(),
  recipientsMax: fc.integer({ min: 1, max: 1_000 }),
  writeUnattended: fc.boolean(),
  paymentApprovals: fc.integer({ min: 1, max: 5 }),
  paymentStepUp: fc.boolean(),
  paymentFourEyes: fc.boolean(),
  paymentCareFromMinor: fc.constantFrom(0, 1, 500_000),
});

test('a text that the form wrote is known again by what it says, and writes itself', () => {
  fc.assert(
    fc.property(choices, (given) => {
      const text = policyFromThresholds(given);
      const read = thresholdsOf(text);
      assert.ok(read !== null);
      assert.equal(policyFromThresholds(read), text);
      const careful = given.paymentApprovals > 1 || given.paymentStepUp || given.paymentFourEyes;
      // A choice that has no effect leaves no trace.
      if (given.payUnattendedUpToMinor > 0) assert.equal(read.currency, given.currency);
      assert.equal(read.paymentCareFromMinor, careful ? given.paymentCareFromMinor : 0);
    }),
    { numRuns: 200 },
  );
});

test('every text that the form can write holds', () => {
  for (const paymentCareFromMinor of [0, 500_000])
    for (const payUnattendedUpToMinor of [0, 5_000])
      for (const paymentApprovals of [1, 2])
        for (const paymentStepUp of [false, true]) {
          const text = policyFromThresholds({ paymentCareFromMinor, payUnattendedUpToMinor, paymentApprovals, paymentStepUp });
          assert.deepEqual(validatePolicy(text), []);
        }
});

test('one changed letter and it is nobody’s form any more, but the form begins where it was', () => {
  const text = policyFromThresholds({ payUnattendedUpToMinor: 5_000, recipientsMax: 3 });
  const edited = text.replace('"briefing.mail"', '"briefing.send"');
  assert.equal(thresholdsOf(edited), null);
  assert.equal(nearestThresholds(edited).payUnattendedUpToMinor, 5_000);
  assert.equal(nearestThresholds(edited).recipientsMax, 3);
  assert.equal(thresholdsOf(''), null);
});

test('the tools that the form names are listed', () => {
  const texts = [policyFromThresholds({}), policyFromThresholds({ payUnattendedUpToMinor: 1, sendUnattendedToKnown: true })];
  const named = texts.map(compile).flatMap((answer) => (answer.kind === 'compiled' ? [...answer.set.tools] : []));
  assert.deepEqual(new Set(named), formTools);
});
