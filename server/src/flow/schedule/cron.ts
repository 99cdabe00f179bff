import { Cron } from 'croner';
import { FactotumError } from '#kernel';

/** Five fields: nothing comes more often than once a minute. */
const fieldsForm = /^\S+(?: \S+){4}$/;
const lengthMax = 200;

/**
 * The first time after `after` at which a schedule comes, on the clock of that zone: a time that a clock change skips comes at its end
 * (02:30 at 03:00), one that it repeats comes once. Schedules with a `*` or a step in minutes or hours count in elapsed time.
 *
 * @param cron - minute, hour, day of the month, month, day of the week, as in crontab(5)
 * @param zone - an IANA time zone
 * @returns null when it never comes, such as the 30th of February.
 * @throws FactotumError `schedule.invalid` naming the fault.
 */
export function nextOccurrence(cron: string, zone: string, after: Date): Date | null {
  return read(cron, zone).nextRun(after);
}

/** The next times it comes, for a person who wants to see whether it is what they meant. At most `count`. */
export const nextOccurrences = (cron: string, zone: string, after: Date, count: number): Date[] => read(cron, zone).nextRuns(count, after);

/**
 * The last time it came in the span after `since` up to and with `until`; null when it did not. Two years back at most: what was due
 * before that is no news.
 */
export function latestOccurrence(cron: string, zone: string, since: Date, until: Date): Date | null {
  const [latest] = read(cron, zone).previousRuns(1, new Date(until.getTime() + 1));
  return latest !== undefined && latest > since && latest <= until ? latest : null;
}

function read(cron: string, zone: string): Cron {
  const text = cron.trim().replaceAll(/\s+/g, ' ');
  if (text.length > lengthMax || !fieldsForm.test(text))
    throw new FactotumError(
      'schedule.invalid',
      'A schedule has five fields: minute, hour, day of the month, month, day of the week. 0 7 * * 1 is Mondays at seven.',
    );
  try {
    return new Cron(text, { timezone: zone, mode: '5-part', paused: true });
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    throw new FactotumError('schedule.invalid', `This is not a schedule: ${why}`, { cause: error });
  }
}
