import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

/**
 * Every tool that the policy names, in its scope or its conditions. Walks the whole tree instead of knowing every node, so that a new
 * kind of expression can hide nothing.
 */
export function mentionedTools(policy: PolicyJson): string[] {
  const tools: string[] = [];
  const pending: unknown[] = [policy];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    if ('type' in node && node.type === 'Tool' && 'id' in node && typeof node.id === 'string') tools.push(node.id);
    // undefined marks the end of the work, so it must not get in.
    pending.push(...Object.values(node).filter((member) => member !== undefined));
  }
  return tools;
}

/**
 * Whether a policy bound to no single tool can forbid a read. True unless the scope names one tool or one of the conditions rules reads
 * out in a form that we recognise: an unrecognised form costs a decision by Cedar, never a wrong one.
 */
export function mayForbidReads(policy: PolicyJson): boolean {
  if (policy.effect === 'permit') return false;
  if (policy.resource.op === '==' || policy.resource.op === 'in') return false;
  return !policy.conditions.some(({ kind, body }) => (kind === 'when' ? falseForReads(body) : trueForReads(body)));
}

/** Certainly false when the effect is `read`. */
function falseForReads(expr: unknown): boolean {
  const and = operands(expr, '&&');
  if (and) return falseForReads(and.left) || falseForReads(and.right);
  const or = operands(expr, '||');
  if (or) return falseForReads(or.left) && falseForReads(or.right);
  const equals = effectComparedWith(operands(expr, '=='));
  if (equals !== null) return equals !== 'read';
  return effectComparedWith(operands(expr, '!=')) === 'read';
}

/** Certainly true when the effect is `read`. */
function trueForReads(expr: unknown): boolean {
  const and = operands(expr, '&&');
  if (and) return trueForReads(and.left) && trueForReads(and.right);
  const or = operands(expr, '||');
  if (or) return trueForReads(or.left) || trueForReads(or.right);
  const differs = effectComparedWith(operands(expr, '!='));
  if (differs !== null) return differs !== 'read';
  return effectComparedWith(operands(expr, '==')) === 'read';
}

interface Operands {
  readonly left: unknown;
  readonly right: unknown;
}

function operands(expr: unknown, operator: string): Operands | null {
  const found = member(expr, operator);
  return typeof found === 'object' && found !== null && 'left' in found && 'right' in found ? found : null;
}

/** The text that `context.effect` is compared with, whichever side it stands on. */
function effectComparedWith(sides: Operands | null): string | null {
  if (sides === null) return null;
  const { left, right } = sides;
  const value = isEffect(left) ? member(right, 'Value') : isEffect(right) ? member(left, 'Value') : undefined;
  return typeof value === 'string' ? value : null;
}

function isEffect(expr: unknown): boolean {
  const access = member(expr, '.');
  return member(access, 'attr') === 'effect' && member(member(access, 'left'), 'Var') === 'context';
}

function member(value: unknown, name: string): unknown {
  // Any object can be read by name once it is known to be one.
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
