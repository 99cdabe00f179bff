import { FactotumError, type Json, type JsonObject, localDate } from '#kernel';
import { joinLabels, type Label, type Labelled } from '#trust/policy';
import { formatAmount, isAmount } from './amount.ts';
import { parseReference, parseTemplate, type Reference, referenceText, valueAt } from './reference.ts';
import type { Arg, ArgSource, PlanStep } from './schema.ts';

/** All that references can point at while a step is prepared. `literal` and `values` are the plan's own; `results` is by step id. */
export interface Facts {
  readonly literal: Label;
  readonly values: Readonly<Record<string, Labelled>>;
  readonly event: Labelled;
  readonly results: Readonly<Record<string, Labelled>>;
  /** What `$task` offers: see `taskFacts`. */
  readonly task: JsonObject;
}

const systemLabel: Label = { sources: ['system'], integrity: 'trusted', readers: 'anyone' };
/** A template that weaves in whole mails is a mistake or an attack; no tool of ours takes more than this. */
const textCharsMax = 262_144;

/** What `$task.id` and `$task.receivedOn` mean: the id, and the day the event came in, in the tenant's time zone. */
export const taskFacts = (task: { taskId: string; receivedAt: Date; timeZone: string }): JsonObject => ({
  id: task.taskId,
  // Worked out when something points at it: that takes longer than all else about an ordinary step's arguments.
  get receivedOn() {
    return localDate(task.receivedAt, task.timeZone);
  },
});

/**
 * The arguments of a step, each with the label of everything it was made from: a reference keeps its source's label, a text with
 * holes joins those of its pieces and the literal. An argument whose value is null is left out.
 *
 * @throws FactotumError `plan.value_missing` naming every argument whose value is not there, or too large. The values themselves are
 * checked against the tool's schema by the caller.
 */
export function resolveArgs(step: Pick<PlanStep, 'id' | 'args'>, facts: Facts): Record<string, Labelled> {
  const resolved: [string, Labelled][] = [];
  const faults: string[] = [];
  for (const [name, arg] of Object.entries(step.args)) {
    const answer = resolveArg(arg, facts);
    if ('fault' in answer) faults.push(`${name}: ${answer.fault}`);
    else if (answer.value !== null) resolved.push([name, answer]);
  }
  if (faults.length > 0)
    throw new FactotumError('plan.value_missing', `Step ${step.id} lacks values. ${faults.join(' ')}`, { details: { faults } });
  return Object.fromEntries(resolved);
}

type Answer = Labelled | { readonly fault: string };

/** The value of one argument, or the fault in words. Never throws, whatever the facts hold. */
export function resolveArg(arg: Arg, facts: Facts): Answer {
  if (!('list' in arg)) return resolveSource(arg, facts);
  const items: Json[] = [];
  const labels: Label[] = [facts.literal];
  for (const item of arg.list) {
    const answer = resolveSource(item, facts);
    if ('fault' in answer) return answer;
    if (answer.value === null) continue;
    // A reference to a list of attendees inside a list means all of them.
    items.push(...(Array.isArray(answer.value) ? answer.value : [answer.value]));
    labels.push(answer.label);
  }
  return { value: items, label: joinLabels(...labels) };
}

function resolveSource(source: ArgSource, facts: Facts): Answer {
  if ('value' in source) return { value: source.value, label: facts.literal };
  if ('template' in source) return weave(source.template, facts);
  const reference = parseReference(source.ref);
  return reference === null ? { fault: `"${source.ref}" is not a reference.` } : lookUp(reference, source.ref, facts);
}

function lookUp(reference: Reference, text: string, facts: Facts): Answer {
  const root = rootOf(reference, facts);
  const value = root === undefined ? undefined : valueAt(root.value, root.path);
  if (root === undefined || value === undefined) return { fault: `There is nothing at ${text}.` };
  return { value, label: root.label };
}

function rootOf({ head, path }: Reference, facts: Facts): { value: Json; label: Label; path: readonly (string | number)[] } | undefined {
  if (head === 'event') return { ...facts.event, path };
  if (head === 'task') return { value: facts.task, label: systemLabel, path };
  const [name, ...rest] = path;
  if (head === 'extract') {
    const found = typeof name === 'string' && Object.hasOwn(facts.values, name) ? facts.values[name] : undefined;
    // An optional value that was not found is absent as a whole: whoever points into it gets nothing, not a fault.
    return found === undefined ? undefined : { value: found.value, label: found.label, path: found.value === null ? [] : rest };
  }
  const result = Object.hasOwn(facts.results, head) ? facts.results[head] : undefined;
  return result === undefined ? undefined : { value: result.value, label: result.label, path };
}

function weave(template: string, facts: Facts): Answer {
  const parsed = parseTemplate(template);
  if ('fault' in parsed) return parsed;
  const labels: Label[] = [facts.literal];
  let text = '';
  for (const part of parsed.parts) {
    if ('literal' in part) text += part.literal;
    else {
      const written = referenceText(part.reference);
      const answer = lookUp(part.reference, written, facts);
      if ('fault' in answer) return answer;
      const shown = inWords(answer.value);
      if (shown === undefined) return { fault: `${written} is not a text, a number or a list of these, so it cannot stand inside a text.` };
      text += shown;
      labels.push(answer.label);
    }
    if (text.length > textCharsMax) return { fault: `The text would be longer than ${textCharsMax} characters.` };
  }
  return { value: text, label: joinLabels(...labels) };
}

/** How a value reads inside a text. Absent values read as nothing, amounts as 1240.00 EUR. */
function inWords(value: Json): string | undefined {
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  if (isAmount(value)) return formatAmount(value);
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item) => (item !== null && typeof item === 'object' ? undefined : inWords(item)));
  return items.includes(undefined) ? undefined : items.join(', ');
}
