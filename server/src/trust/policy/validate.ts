import { validate } from '@cedar-policy/cedar-wasm/nodejs';
import { builtInReads, compile, faultOf, type PolicyFault } from './compile.ts';
import { schemaText } from './facts.ts';

/**
 * Everything that is wrong with a policy text; an empty list means that it can be put in force.
 *
 * Warnings count as faults: a policy that can never apply (a scope of `action == Action::"call"`, which is the group) or that mixes
 * look-alike letters does not do what its author reads.
 * @param tools - names of the tools there are; a policy that names another one would silently do nothing.
 */
export function validatePolicy(text: string, tools?: ReadonlySet<string>): PolicyFault[] {
  const compilation = compile(text);
  if (compilation.kind === 'faulty') return [...compilation.faults];
  const { byId, tools: named } = compilation.set;
  const own = [...byId.values()].filter((policy) => policy !== builtInReads);
  const answer = validate({
    schema: schemaText,
    policies: { staticPolicies: Object.fromEntries(own.map((policy) => [policy.id, policy.text])) },
  });
  if (answer.type === 'failure') return answer.errors.map((error) => faultOf(error, null, text, 0));
  const faults = [...answer.validationErrors, ...answer.validationWarnings].map(({ policyId, error }) =>
    faultOf(error, policyId, text, Math.max(text.indexOf(byId.get(policyId)?.text ?? ''), 0)),
  );
  faults.push(...answer.otherWarnings.map((error) => faultOf(error, null, text, 0)));
  for (const tool of named)
    if (tools !== undefined && !tools.has(tool)) faults.push({ policy: null, line: null, message: `There is no tool "${tool}".` });
  // Cedar reports a fault once for each action that the policy covers.
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}
