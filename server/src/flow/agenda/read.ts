import ICAL from 'ical.js';
import { FactotumError } from '#kernel';
import { type Appointment, readAppointment, unreadRule } from './appointment.ts';
import { readRule } from './recur.ts';

/** One thing in a calendar under its id: once or a series, and what is different about single times of it. */
export interface Series {
  readonly uid: string;
  /** Null where only single times of a series are known, as an invitation to one of them is. */
  readonly master: Appointment | null;
  readonly overrides: readonly Appointment[];
}

export interface ReadCalendar {
  /** What a message is about (RFC 5546): `REQUEST`, `REPLY`, `CANCEL` and others; empty for what lies in a calendar. */
  readonly method: string;
  readonly series: readonly Series[];
  /** Appointments that nobody can say the time or id of. */
  readonly unread: number;
  /** The text as a tree, for whoever changes it. */
  readonly component: ICAL.Component;
}

// A line has at most 75 octets (RFC 5545, section 3.1); ical.js does not count the space that a further line begins with.
ICAL.foldLength = 74;

/** An appointment with its history of exceptions takes a few KB; what lies within as an attachment is not for us. */
const bytesMax = 1024 * 1024;
const appointmentsMax = 5_000;

/**
 * Reads iCalendar text (RFC 5545) with all calendars in it.
 * @throws FactotumError `agenda.unreadable` for what is none, or too large; the message says why.
 */
export function readCalendar(text: string): ReadCalendar {
  if (Buffer.byteLength(text) > bytesMax) throw unreadable(`it has more than ${bytesMax} bytes`);
  const calendars = parse(text);
  const [first] = calendars;
  if (first === undefined) throw unreadable('there is no calendar in it');
  const bySeries = new Map<string, Appointment[]>();
  let unread = 0;
  for (const calendar of calendars)
    for (const event of calendar.getAllSubcomponents('vevent').slice(0, appointmentsMax)) {
      const read = attempt(() => readAppointment(event, calendar));
      if (read === null) unread += 1;
      else bySeries.set(read.uid, [...(bySeries.get(read.uid) ?? []), read]);
    }
  const method = first.getFirstPropertyValue('method');
  return {
    method: typeof method === 'string' ? method.toUpperCase() : '',
    series: [...bySeries].map(([uid, all]) => ({
      uid,
      master: newest(all.filter(({ recurrence }) => recurrence === null)),
      overrides: all.filter(({ recurrence }) => recurrence !== null),
    })),
    unread,
    component: first,
  };
}

function parse(text: string): ICAL.Component[] {
  // A byte order mark is none of the text, and a lone CR ends no line but is written as if it did.
  const plain = text.replace(/^\uFEFF/, '').replace(/\r\n|\r/g, '\n');
  const tree = parsed(plain) ?? parsed(mended(plain));
  if (tree === null) throw unreadable('it is not iCalendar');
  // ical.js gives one tree, or a list of them where the text has several.
  const trees: unknown[] = typeof tree[0] === 'string' ? [tree] : tree;
  const components = trees.map((one) => new ICAL.Component(one as unknown[])); // A tree of ical.js is an array, by its documentation.
  const calendars = components.filter(({ name }) => name === 'vcalendar');
  if (calendars.length > 0 || components.length === 0) return calendars;
  // Parts without a calendar around them: what programs export when asked for one appointment.
  const around = new ICAL.Component('vcalendar');
  for (const component of components) around.addSubcomponent(component);
  return [around];
}

/** What ical.js makes of a text, or null. It throws whatever comes when a text is none. */
function parsed(text: string): unknown[] | null {
  try {
    const tree: unknown = ICAL.parse(text);
    return Array.isArray(tree) ? tree : null;
  } catch {
    return null;
  }
}

/** The same text with broken lines put together again, and without rules that ical.js gives up on: these are counted as not understood. */
const mended = (text: string): string =>
  text
    .replace(/\n[ \t]/g, '')
    .replace(/\n+/g, '\n')
    .replace(/\n(?![A-Za-z][A-Za-z0-9-]*[;:])/g, ' ')
    .replace(/^(?:RRULE|EXRULE)[;:](?:[^:\n]*:)?(.*)$/gim, (line, rule: string) =>
      readRule(rule, false) === null ? `${unreadRule}:${rule}` : line,
    );

/** Of two with one id the later one is meant. */
const newest = (all: readonly Appointment[]): Appointment | null =>
  all.toSorted((a, b) => b.sequence - a.sequence || b.stampMs - a.stampMs)[0] ?? null;

/** ical.js reads values when asked for them, and throws for those that are none. */
function attempt<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

const unreadable = (why: string) => new FactotumError('agenda.unreadable', `This does not read as a calendar: ${why}.`);
