import assert from 'node:assert/strict';
import { it } from 'node:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, type Json } from './canonical-json.ts';
import { isFactotumError } from './errors.ts';

it('equals an independent implementation of RFC 8785 for any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
      // fast-check's JSON values are ours with another name.
      const json = value as Json;
      return canonicalJson(json) === canonicalize(json);
    }),
  );
});

it('gives the bytes of the example in RFC 8785, section 3.2.2', () => {
  const value = {
    // biome-ignore lint/correctness/noPrecisionLoss: the example writes more digits than a double has, to see them rounded.
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  assert.equal(
    canonicalJson(value),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

it('refuses what readers disagree about: half a surrogate pair, no number, bottomless nesting', () => {
  let deep: Json = 1;
  for (let level = 0; level < 70; level += 1) deep = [deep];
  for (const bad of ['\ud800', { '\udfff': 1 }, Number.NaN, Number.POSITIVE_INFINITY, deep])
    assert.throws(
      () => canonicalJson(bad),
      (error) => isFactotumError(error, 'request.invalid'),
    );
});
