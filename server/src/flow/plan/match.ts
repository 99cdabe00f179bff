import type { Json, JsonObject } from '#kernel';
import { joinLabels, type Label } from '#trust/policy';
import type { DateHabits } from './date.ts';
import { extract } from './extract.ts';
import { type Condition, foldCase, type Playbook } from './playbook.ts';
import { valueAt } from './reference.ts';
import { resolveArg, taskFacts } from './resolve.ts';
import { type ExtractedValue, type Plan, planLimits } from './schema.ts';

/** What a playbook looks at. */
export interface MatchedEvent {
  readonly source: string;
  readonly kind: string;
  readonly payload: JsonObject;
  readonly label: Label;
}
export interface Match {
  readonly playbook: Playbook;
  readonly values: Readonly<Record<string, ExtractedValue>>;
}
export interface NearMatch {
  readonly playbook: Playbook;
  /** Every reason, in words that complete "almost fitted: ...". */
  readonly reasons: readonly string[];
}

/**
 * The playbooks that fit an event, highest priority first, then by path; and those whose conditions hold while a value that they need is
 * missing, with the reasons.
 */
export function matchPlaybooks(
  event: MatchedEvent,
  playbooks: readonly Playbook[],
  habits: DateHabits,
): { matches: Match[]; near: NearMatch[] } {
  const matches: Match[] = [];
  const near: NearMatch[] = [];
  for (const playbook of playbooks.toSorted(byPriority)) {
    if (!holds(playbook, event)) continue;
    const reasons: string[] = [];
    const values: [string, ExtractedValue][] = [];
    for (const wanted of playbook.extract) {
      const found = extract(wanted, event.payload, event.label, habits);
      if (!('missing' in found)) values.push([wanted.name, found]);
      else if (wanted.isOptional) values.push([wanted.name, { value: null, label: event.label, slot: wanted.slot }]);
      else reasons.push(found.missing);
    }
    if (reasons.length === 0) matches.push({ playbook, values: Object.fromEntries(values) });
    else near.push({ playbook, reasons });
  }
  return { matches, near };
}

/** The plan of a playbook for one event, not yet validated. References are kept as they are: they are followed when a step is prepared. */
export function planFromPlaybook(
  { playbook, values }: Match,
  event: MatchedEvent,
  task: { taskId: string; receivedAt: Date; timeZone: string },
): Plan {
  const facts = {
    literal: playbook.literal,
    values,
    event: { value: event.payload, label: event.label },
    results: {},
    task: taskFacts(task),
  };
  const summary = resolveArg({ template: playbook.summary }, facts);
  const text = 'fault' in summary || typeof summary.value !== 'string' ? playbook.title : summary.value;
  return {
    summary: text.slice(0, planLimits.textCharsMax),
    literal: joinLabels(playbook.literal),
    values: { ...values },
    steps: [...playbook.steps],
  };
}

/** Priority, then path by code units: the same everywhere, whatever the locale. */
function byPriority(left: Playbook, right: Playbook): number {
  if (left.priority !== right.priority) return right.priority - left.priority;
  return left.path < right.path ? -1 : 1;
}

function holds({ when }: Playbook, { source, kind, payload }: MatchedEvent): boolean {
  return (
    when.source === source && (when.kind === undefined || when.kind === kind) && when.match.every((condition) => meets(condition, payload))
  );
}

function meets({ path, test }: Condition, payload: JsonObject): boolean {
  const text = asText(valueAt(payload, path));
  if (text === null) return false;
  return 'equals' in test ? foldCase(text) === test.equals : test.pattern.matches(text);
}

const asText = (value: Json | undefined): string | null =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
