import type { z } from 'zod';
import type { CatalogueEntry, ToolCatalogue } from '#flow/tool';
import type { Json, JsonObject } from '#kernel';
import { mayHave } from './output-path.ts';
import type { Playbook } from './playbook.ts';
import { parseReference, parseTemplate, type Reference, referenceText, reservedHeads, valueAt } from './reference.ts';
import { resolveArg } from './resolve.ts';
import { type Arg, type ArgSource, type ExtractedValue, type Plan, type PlanStep, planSchema } from './schema.ts';

/**
 * Checks a plan whole, before anything of it runs.
 *
 * @param event - the payload, when it is known: then references into it must lead somewhere and fit the tool as well.
 * @returns the plan with every dependency that follows from a reference added to `after`; or all faults at once, each naming its step, so
 * that a planner can mend them in one go: cycles, unknown tools and steps, doubled ids, references to nothing, arguments that are missing,
 * unknown or unfit.
 */
export function validatePlan(
  candidate: unknown,
  catalogue: ToolCatalogue,
  event?: JsonObject,
): { readonly plan: Plan; readonly faults?: undefined } | { readonly faults: readonly string[]; readonly plan?: undefined } {
  const parsed = planSchema.safeParse(candidate);
  if (!parsed.success) return { faults: parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'plan'}: ${message}.`) };
  const plan = parsed.data;
  const steps = plan.steps.map((step) => withImpliedDependencies(step, plan.steps));
  const faults = [
    ...namingFaults(plan.steps),
    ...cycleFaults(steps),
    ...steps.flatMap((step) => stepFaults(step, { catalogue, steps, values: plan.values, event, isValued: true })),
  ];
  return faults.length > 0 ? { faults } : { plan: { ...plan, steps } };
}

/**
 * What is wrong with the steps of a playbook whatever the event: tools that there are not, arguments that a tool does not take, references
 * to nothing. What depends on values is left to `validatePlan`. Each fault says which step it is about, null for the whole.
 */
export function playbookFaults(playbook: Playbook, catalogue: ToolCatalogue): { readonly text: string; readonly step: number | null }[] {
  const steps = playbook.steps.map((step) => withImpliedDependencies(step, playbook.steps));
  const values = Object.fromEntries(playbook.extract.map(({ name, slot }) => [name, { value: null, label: nobody, slot }]));
  const parsed = planSchema.safeParse({ summary: '', literal: playbook.literal, values, steps: playbook.steps });
  const shape = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => ({ text: `${path.join('.')}: ${message}.`, step: stepIn(path) }));
  const around = { catalogue, steps, values, event: undefined, isValued: false };
  return [
    ...shape,
    ...[...namingFaults(playbook.steps), ...cycleFaults(steps)].map((text) => ({ text, step: null })),
    ...steps.flatMap((step, at) => stepFaults(step, around).map((text) => ({ text, step: at }))),
  ];
}

const stepIn = ([head, at]: readonly PropertyKey[]): number | null => (head === 'steps' && typeof at === 'number' ? at : null);

interface Surroundings {
  readonly catalogue: ToolCatalogue;
  readonly steps: readonly PlanStep[];
  readonly values: Readonly<Record<string, ExtractedValue>>;
  readonly event: JsonObject | undefined;
  /** Whether the values have been looked for. */
  readonly isValued: boolean;
}

function withImpliedDependencies(step: PlanStep, steps: readonly PlanStep[]): PlanStep {
  const used = [...Object.values(step.args), ...Object.values(step.undo?.args ?? {})].flatMap(referencesIn).map(({ head }) => head);
  const implied = used.filter((head) => head !== step.id && steps.some(({ id }) => id === head));
  // A step that points at itself waits for itself: only its undo may use its own result.
  const itself = Object.values(step.args)
    .flatMap(referencesIn)
    .some(({ head }) => head === step.id)
    ? [step.id]
    : [];
  return { ...step, after: [...new Set([...step.after, ...implied, ...itself])] };
}

function namingFaults(steps: readonly PlanStep[]): string[] {
  const ids = steps.map(({ id }) => id);
  const doubled = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))].map((id) => `Two steps are called "${id}".`);
  const reserved = ids.filter((id) => reservedHeads.has(id)).map((id) => `A step cannot be called "${id}": $${id} means something else.`);
  const unknown = steps.flatMap(({ id, after }) =>
    after.filter((other) => !ids.includes(other)).map((other) => `Step ${id} comes after "${other}", which is not a step.`),
  );
  return [...doubled, ...reserved, ...unknown];
}

/** Takes away steps that wait for nobody until none is left; what remains waits in a circle, or for one. */
function cycleFaults(steps: readonly PlanStep[]): string[] {
  const ids = new Set(steps.map(({ id }) => id));
  let rest = steps.map(({ id, after }) => ({ id, after: after.filter((other) => ids.has(other)) }));
  for (;;) {
    const left = new Set(rest.map(({ id }) => id));
    const blocked = rest.filter(({ after }) => after.some((other) => left.has(other)));
    if (blocked.length === rest.length) break;
    rest = blocked;
  }
  const [start] = rest;
  if (start === undefined) return [];
  // Everybody left waits for somebody left, so walking on must come back to where it has been.
  const trail = [start.id];
  for (;;) {
    const here = rest.find(({ id }) => id === trail.at(-1));
    const next = here?.after.find((other) => rest.some(({ id }) => id === other)) ?? start.id;
    const seen = trail.indexOf(next);
    if (seen !== -1) return [`These steps wait for each other: ${[...trail.slice(seen), next].join(' -> ')}.`];
    trail.push(next);
  }
}

function stepFaults(step: PlanStep, around: Surroundings): string[] {
  const faults = callFaults(`Step ${step.id}`, step.tool, step.args, around);
  return step.undo === undefined ? faults : [...faults, ...callFaults(`Undo of step ${step.id}`, step.undo.tool, step.undo.args, around)];
}

function callFaults(place: string, tool: string, args: Readonly<Record<string, Arg>>, around: Surroundings): string[] {
  const entry = around.catalogue.get(tool);
  const dangling = Object.entries(args).flatMap(([name, arg]) =>
    sourcesOf(arg)
      .flatMap((source) => sourceFaults(source, around))
      .map((fault) => `${place}: ${name}: ${fault}`),
  );
  if (entry === null) return [`${place}: ${around.catalogue.absence(tool)}`, ...dangling];
  return dangling.length > 0
    ? [...nameFaults(place, entry, args), ...dangling]
    : [...nameFaults(place, entry, args), ...valueFaults(place, entry, args, around)];
}

function nameFaults(place: string, { input, manifest }: CatalogueEntry, args: Readonly<Record<string, Arg>>): string[] {
  const missing = Object.entries(shapeOf(input)).filter(
    ([name, schema]) => !Object.hasOwn(args, name) && !schema.safeParse(undefined).success,
  );
  const unknown = Object.keys(args).filter((name) => !Object.hasOwn(input.shape, name));
  return [
    ...missing.map(([name]) => `${place}: ${manifest.tool} needs the argument ${name}.`),
    ...unknown.map(
      (name) => `${place}: ${manifest.tool} has no argument ${name}. It takes ${Object.keys(input.shape).join(', ') || 'none'}.`,
    ),
  ];
}

/** What is known now is checked now; what a step will return is checked when it has. */
function valueFaults(
  place: string,
  { input, manifest }: CatalogueEntry,
  args: Readonly<Record<string, Arg>>,
  around: Surroundings,
): string[] {
  const faults: string[] = [];
  const known: Record<string, Json> = {};
  let isComplete = true;
  for (const [name, arg] of Object.entries(args)) {
    const schema = Object.hasOwn(input.shape, name) ? shapeOf(input)[name] : undefined;
    const isKnown = sourcesOf(arg)
      .flatMap(referencesOf)
      .every((reference) => isKnownNow(reference, around));
    if (schema === undefined || !isKnown) {
      isComplete = false;
      continue;
    }
    const { values, event = {} } = around;
    const answer = resolveArg(arg, { literal: nobody, values, event: { value: event, label: nobody }, results: {}, task: {} });
    if ('fault' in answer) faults.push(`${place}: ${name}: ${answer.fault}`);
    else {
      const checked = schema.safeParse(answer.value ?? undefined);
      if (!checked.success && answer.value === null) faults.push(`${place}: ${name}: has no value, and ${manifest.tool} needs one.`);
      else if (!checked.success) faults.push(`${place}: ${name}: ${checked.error.issues.map(({ message }) => message).join('; ')}.`);
      if (answer.value !== null) known[name] = answer.value;
    }
  }
  if (faults.length > 0 || !isComplete) return faults;
  const whole = input.safeParse(known);
  // Missing names have been reported; what is left are rules between arguments.
  const between = whole.success ? [] : whole.error.issues.filter(({ path }) => path.length === 0 || Object.hasOwn(known, String(path[0])));
  return between.map(({ message }) => `${place}: ${manifest.tool}: ${message}.`);
}

/** zod declares the members of an unnamed shape as any. */
const shapeOf = (input: z.ZodObject): Readonly<Record<string, z.ZodType>> => input.shape;

/** Only values are looked at here, so whose they are does not matter. */
const nobody = { sources: [], integrity: 'untrusted', readers: 'tenant' } as const;

function isKnownNow({ head }: Reference, { event, isValued }: Surroundings): boolean {
  return (head === 'extract' && isValued) || (head === 'event' && event !== undefined);
}

function sourceFaults(source: ArgSource, around: Surroundings): string[] {
  if ('template' in source) {
    const parsed = parseTemplate(source.template);
    if ('fault' in parsed) return [parsed.fault];
  }
  if ('ref' in source && parseReference(source.ref) === null)
    return [`"${source.ref}" is not a reference. References look like $event.subject, $extract.date or $s1.path.`];
  return referencesOf(source).flatMap((reference) => referenceFault(reference, around) ?? []);
}

function referenceFault({ head, path }: Reference, { steps, values, event, catalogue }: Surroundings): string | undefined {
  const written = referenceText({ head, path });
  const [name, ...rest] = path;
  if (head === 'task')
    return name === 'id' || name === 'receivedOn' ? undefined : `${written} does not exist. There are $task.id and $task.receivedOn.`;
  if (head === 'event')
    return event !== undefined && valueAt(event, path) === undefined ? `There is nothing at ${written} in this event.` : undefined;
  if (head === 'extract') {
    const value = typeof name === 'string' && Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined)
      return `${written} does not exist. There are ${
        Object.keys(values)
          .map((each) => `$extract.${each}`)
          .join(', ') || 'no extracted values'
      }.`;
    return value.value !== null && valueAt(value.value, rest) === undefined ? `There is nothing at ${written}.` : undefined;
  }
  const step = steps.find(({ id }) => id === head);
  if (step === undefined) return `${written} points at a step that does not exist.`;
  const output = catalogue.get(step.tool)?.output;
  return output !== undefined && !mayHave(output, path) ? `${step.tool} returns nothing at ${written}.` : undefined;
}

const sourcesOf = (arg: Arg): readonly ArgSource[] => ('list' in arg ? arg.list : [arg]);
const referencesIn = (arg: Arg): Reference[] => sourcesOf(arg).flatMap(referencesOf);

function referencesOf(source: ArgSource): Reference[] {
  if ('value' in source) return [];
  if ('ref' in source) return [parseReference(source.ref)].filter((reference) => reference !== null);
  const parsed = parseTemplate(source.template);
  return 'fault' in parsed ? [] : parsed.parts.flatMap((part) => ('reference' in part ? [part.reference] : []));
}
