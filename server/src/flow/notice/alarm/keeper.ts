import { type Clock, createPoller, type Logger, type Poller } from '#kernel';
import type { Database } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import { type Language, localeFor, momentIn, wordsIn } from '#kernel/words';
import type { AlarmKind } from './find.ts';
import { type Alarm, type DueAlarm, endMailing, markTold, noteAlarms, takeDueAlarms } from './store.ts';

export interface AlarmKeeperOptions {
  readonly database: Pick<Database, 'engine'>;
  readonly find: () => Promise<readonly AlarmKind[]>;
  readonly operators: () => Promise<readonly { readonly userId: string; readonly email: string; readonly language: Language | null }[]>;
  readonly postman: Pick<Postman, 'isConfigured' | 'send'>;
  readonly origin: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is wrong for a minute is told within the next. */
const everyMs = 60_000;

/** Tells those who run the installation when something is wrong with it: once each, by mail, as long as it lasts. Any number of processes may. */
export function createAlarmKeeper({ database: { engine }, find, operators, postman, origin, log }: AlarmKeeperOptions): Poller {
  async function look(signal: AbortSignal): Promise<void> {
    await noteAlarms(engine, await find());
    if (!postman.isConfigured) return;
    for (const alarm of await takeDueAlarms(engine)) if (!signal.aborted) await tell(alarm);
  }

  /** One address that is refused keeps nobody else from being told. */
  async function tell(alarm: DueAlarm): Promise<void> {
    log.warn({ alarm: alarm.kind, since: alarm.raisedAt }, 'something is wrong with the installation; whoever runs it is mailed');
    let failed = 0;
    for (const { userId, email, language } of await operators()) {
      if (alarm.mailed.includes(userId)) continue;
      try {
        await postman.send({ to: email, ...letterOf(alarm, { origin: origin(), locale: localeFor(language, 'en-GB') }) });
        await markTold(engine, alarm, userId);
      } catch (error) {
        failed += 1;
        log.warn({ err: error, alarm: alarm.kind, userId }, 'an alarm could not be mailed; it is tried again');
      }
    }
    if (failed === 0) await endMailing(engine, alarm);
  }

  return createPoller({
    look,
    everyMs,
    onError: (error) => log.warn({ err: error }, 'alarms could not be looked at; the next look tries again'),
  });
}

function letterOf({ kind, raisedAt }: Alarm, { origin, locale }: { origin: string; locale: string }): { subject: string; text: string } {
  const words = wordsIn(locale).alarms;
  const { what, fix } = words.of[kind];
  const capital = what.charAt(0).toUpperCase() + what.slice(1);
  return { subject: words.subject(what), text: words.text(capital, fix, momentIn(locale, raisedAt, 'UTC'), `${origin}/operator/system`) };
}
