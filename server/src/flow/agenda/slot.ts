import { common, type Interval, merged, without } from './busy.ts';
import type { Zone } from './zone.ts';

/** Somebody whose time is looked for. */
export interface Participant {
  readonly zone: Zone;
  /** When they are there, in their own zone; null: always. Days as in ISO 8601, 1 is Monday; times like `09:00`. */
  readonly hours: { readonly days: readonly number[]; readonly from: string; readonly to: string } | null;
  readonly busy: readonly Interval[];
}

export interface SlotQuery {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly durationMs: number;
  readonly participants: readonly Participant[];
  /** Slots begin at multiples of this on the clocks of the first participant. */
  readonly stepMs: number;
  readonly most: number;
}

const dayMs = 86_400_000;

/** The earliest times at which all of them are there and free, none overlapping the next. */
export function findSlots({ fromMs, untilMs, durationMs, participants, stepMs, most }: SlotQuery): Interval[] {
  const [first] = participants;
  if (first === undefined || durationMs <= 0 || untilMs <= fromMs) return [];
  const range = { startMs: fromMs, endMs: untilMs };
  const free = participants.reduce<readonly Interval[]>((left, one) => common(left, without(workingTimes(one, range), one.busy)), [range]);
  const found: Interval[] = [];
  for (const { startMs, endMs } of free) {
    for (let at = onTheStep(startMs, stepMs, first.zone); at + durationMs <= endMs && found.length < most; ) {
      found.push({ startMs: at, endMs: at + durationMs });
      at = onTheStep(at + durationMs, stepMs, first.zone);
    }
    if (found.length >= most) break;
  }
  return found;
}

/** When somebody is there: of each day the hours as clocks show them, so that a day of a clock change is an hour shorter or longer. */
function workingTimes({ zone, hours }: Participant, { startMs, endMs }: Interval): Interval[] {
  if (hours === null) return [{ startMs, endMs }];
  const firstDay = Math.floor(zone.localOf(startMs) / dayMs) * dayMs - dayMs;
  const days = Math.ceil((endMs - startMs) / dayMs) + 3;
  const times = Array.from({ length: days }, (_, at) => firstDay + at * dayMs)
    .filter((day) => hours.days.includes(new Date(day).getUTCDay() || 7))
    .map((day) => ({ startMs: zone.instantOf(day + ofDay(hours.from)), endMs: zone.instantOf(day + ofDay(hours.to)) }));
  return common(merged(times), [{ startMs, endMs }]);
}

const ofDay = (time: string): number => (Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))) * 60_000;

function onTheStep(instantMs: number, stepMs: number, zone: Zone): number {
  const localMs = zone.localOf(instantMs);
  return instantMs + (Math.ceil(localMs / stepMs) * stepMs - localMs);
}
