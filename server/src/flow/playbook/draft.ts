import type { EventBody } from '#flow/intake';
import { type Arg, eventLabel, extract, fieldsWithText, looksLikeReference, type Plan, parseTemplate } from '#flow/plan';
import { canonicalJson, type Json, type JsonObject } from '#kernel';

/** What somebody has to look at before the draft can be used. */
export interface DraftRemark {
  /** `pattern`: nothing tells which of several values is meant. `fixed`: the same words for every event. */
  readonly kind: 'pattern' | 'fixed';
  /** The value, or step and argument. */
  readonly name: string;
}

/** The front matter of a playbook that would have made a plan. */
export interface PlaybookDraft {
  readonly fields: JsonObject;
  readonly remarks: readonly DraftRemark[];
}

/** Every slot but one is called as its type is. */
const typeOf = (slot: Plan['values'][string]['slot']) => (slot === 'id' ? 'invoiceNumber' : slot);

/**
 * Writes down the plan of one event so that it is made again for events like it: from the same sender, with each value taken from the field
 * that it was found in. What the planner wrote itself stays as it is, and is pointed out.
 */
export function draftPlaybook(
  plan: Plan,
  event: { readonly source: string; readonly kind: string; readonly body: EventBody },
  habits: { readonly timeZone: string; readonly locale: string },
): PlaybookDraft {
  const remarks: DraftRemark[] = [];
  const steps = plan.steps.map(({ id, tool, args, after, why, undo }) => {
    for (const [name, arg] of Object.entries(args)) if (isFixedText(arg)) remarks.push({ kind: 'fixed', name: `${id}.${name}` });
    return {
      ...{ id, tool, args: writtenArgs(args) },
      ...(after.length === 0 ? {} : { after }),
      ...(why === '' ? {} : { why: why.slice(0, 500) }),
      ...(undo === undefined ? {} : { undo: { tool: undo.tool, args: writtenArgs(undo.args) } }),
    };
  });
  const used = new Set(JSON.stringify(steps).match(/(?<=\bextract\.)[A-Za-z0-9_]+/g));
  const values = Object.entries(plan.values).filter(([name]) => used.has(name));
  const label = eventLabel(event.source, event.body.provenance);
  const extracts = values.map(([name, { value, slot }]): [string, JsonObject] => {
    const type = typeOf(slot);
    const wanted = canonicalJson(value);
    const fields = fieldsWithText(event.body.payload);
    const from = fields.find((path) => {
      const found = extract({ type, from: path, pattern: undefined }, event.body.payload, label, habits);
      return !('missing' in found) && canonicalJson(found.value) === wanted;
    });
    if (from === undefined) remarks.push({ kind: 'pattern', name });
    return [name, { type, from: fieldText(from ?? fields.find(([head]) => head === 'text') ?? ['text']) }];
  });
  const { sender } = event.body.payload;
  const fields = {
    when: {
      source: event.source,
      kind: event.kind,
      ...(typeof sender === 'string' && sender !== '' ? { match: { sender } } : {}),
    },
    ...(extracts.length === 0 ? {} : { extract: Object.fromEntries(extracts) }),
    steps,
  };
  return { fields, remarks };
}

const writtenArgs = (args: Readonly<Record<string, Arg>>): JsonObject =>
  Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, 'list' in arg ? arg.list.map(written) : written(arg)]));

/** As a playbook has it: what stands for itself must not be read as a reference. */
function written(source: Exclude<Arg, { list: unknown }>): Json {
  if ('ref' in source) return source.ref;
  if ('template' in source) return source.template;
  const { value } = source;
  if (typeof value !== 'string') return value;
  if (value.includes('${')) return value.replaceAll('${', () => '$${');
  return looksLikeReference(value) || value.startsWith('$$') ? `$${value}` : value;
}

/** A text of the planner's own that is long enough to be about this one event. */
function isFixedText(arg: Arg): boolean {
  if ('list' in arg) return arg.list.some(isFixedText);
  if ('value' in arg) return typeof arg.value === 'string' && arg.value.includes(' ');
  return 'template' in arg && 'parts' in parseTemplate(arg.template) && arg.template.length > 200;
}

const fieldText = (path: readonly (string | number)[]): string =>
  path.map((segment, at) => (typeof segment === 'number' ? `[${segment}]` : at === 0 ? segment : `.${segment}`)).join('');
