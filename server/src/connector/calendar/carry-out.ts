import { isConnectorFault } from '@factotum/connector-sdk';
import { differences, seriesOf, type WriteBody } from '#flow/agenda';
import type { ToolAnswer, ToolContext } from '#flow/tool';
import type { Id } from '#kernel';
import { type CalendarDeps, failed, missing, type OpenAccount, openAccount, orFailed } from './parts.ts';

type Kept = NonNullable<Awaited<ReturnType<CalendarDeps['writes']['find']>>>;

/** What a call is to do, worked out once; every further attempt of the call carries out the same. */
export interface Intent {
  readonly body: WriteBody;
  readonly expiresAt: Date | null;
}

/** An appointment that somebody changes at the very moment is read again this often. */
const attemptsMax = 3;

/**
 * Writes into a calendar and tells whom it concerns, once a call: what is meant is kept first, then written on condition that nobody has
 * changed what is there, then told by mail. An attempt that was cut goes on where it stood.
 *
 * @param plan - works out what is meant from what is there now, or answers why it cannot be done
 */
export function carryOut(deps: CalendarDeps, context: ToolContext, plan: () => Promise<Intent | ToolAnswer>): Promise<ToolAnswer> {
  const { writes } = deps;
  const attempt = async (left: number): Promise<ToolAnswer> => {
    let write = await writes.find(context.tenantId, { key: context.key });
    if (write?.state === 'done') return { kind: 'done', result: write.body.result };
    if (write?.state === 'undone') return failed('permanent', 'agenda.conflict', 'This was done and has been taken back.');
    if (write === null) {
      const intent = await plan();
      if (!('body' in intent)) return intent;
      context.signal.throwIfAborted();
      write = await writes.intend(context.tenantId, { key: context.key, taskId: context.taskId, ...intent });
    }
    if (write.state === 'intended') {
      const put = await writeOut(deps, context, write);
      if (put === 'changed') {
        await writes.forget(context.tenantId, context.key);
        return left > 1
          ? attempt(left - 1)
          : failed('permanent', 'agenda.conflict', 'Somebody keeps changing this appointment. Read it again.');
      }
      if (put !== null) return put;
    }
    return tell(deps, context, write);
  };
  return orFailed(attempt(attemptsMax));
}

/** What became of a call: done, or to be carried on. An attempt that was cut is finished by the next, which finds what it has written. */
export async function lookUp({ writes, post }: Pick<CalendarDeps, 'writes' | 'post'>, context: ToolContext): Promise<ToolAnswer> {
  const write = await writes.find(context.tenantId, { key: context.key });
  if (write?.state === 'done') return { kind: 'done', result: write.body.result };
  if (write?.state !== 'written') return { kind: 'absent' };
  for (const at of write.body.messages.keys()) {
    const told = await post.lookup(mailOf(context, at));
    if (told.kind !== 'done') return told;
  }
  return { kind: 'absent' };
}

/** Each mail of a call is a call of its own. */
const mailOf = (context: ToolContext, at: number): ToolContext => ({ ...context, key: `${context.key}/mail${at}` });

/** Puts back what was there, unless somebody has changed it since. Nobody is told, so it is for what nobody was told of. */
export function takeBack(deps: CalendarDeps, context: ToolContext): Promise<ToolAnswer> {
  return orFailed(
    (async (): Promise<ToolAnswer> => {
      const write = await deps.writes.find(context.tenantId, { key: context.key });
      if (write === null || write.state === 'undone') return { kind: 'done', result: {} };
      const undone = await restore(deps, context, write);
      if (undone !== 'restored') return undone;
      return { kind: 'done', result: {} };
    })(),
  );
}

type RestoreDeps = Pick<CalendarDeps, 'agenda' | 'writes' | 'connections'>;

/** Puts back what was there before a write. */
export async function restore(
  deps: RestoreDeps,
  context: Pick<ToolContext, 'tenantId' | 'signal'>,
  write: Kept,
): Promise<'restored' | ToolAnswer> {
  const { body } = write;
  const { connectionId, calendar, href, before, after, etag } = body;
  const at = { connectionId: connectionId as Id<'connection'> | null, calendar, href }; // As it was kept.
  let back: { etag: string; ics: string } | null = before;
  if (connectionId !== null) {
    const account = await openAccount(deps, context, connectionId as Id<'connection'>);
    if (account === null) return missing;
    const there = await account.dav.get(href);
    // What is there is not what we wrote: it is somebody else's by now.
    if (there !== null && !isSame(there.ics, after) && there.etag !== etag)
      return failed('permanent', 'agenda.conflict', 'Somebody has changed this appointment since, so it is left as it is.');
    if (before === null) {
      if (there !== null && (await account.dav.remove(href, there.etag)) === 'changed')
        return failed('permanent', 'agenda.conflict', 'Somebody has changed this appointment since, so it is left as it is.');
    } else {
      const put = await account.dav.put(href, before.ics, there?.etag ?? null);
      if (put === 'changed')
        return failed('permanent', 'agenda.conflict', 'Somebody has changed this appointment since, so it is left as it is.');
      back = { ics: before.ics, etag: put.etag ?? (await account.dav.get(href))?.etag ?? '' };
    }
  }
  await deps.agenda.remember(context.tenantId, at, back);
  await deps.writes.advance(context.tenantId, write.key, { state: 'undone' });
  return 'restored';
}

/** Writes what is meant. @returns null when it is there; `changed` when something else is there than the plan began with. */
async function writeOut(deps: CalendarDeps, context: ToolContext, { body }: Kept): Promise<ToolAnswer | 'changed' | null> {
  const { connectionId, calendar, href, before, after } = body;
  const at = { connectionId: connectionId as Id<'connection'> | null, calendar, href }; // As it was kept.
  let etag = '';
  if (connectionId !== null) {
    const account = await openAccount(deps, context, connectionId as Id<'connection'>);
    if (account === null) return missing;
    const written = await putIn(account, { href, before, after });
    if (written === 'changed') return 'changed';
    etag = written;
  }
  await deps.writes.advance(context.tenantId, context.key, { state: 'written', etag });
  await deps.agenda.remember(context.tenantId, at, after === null ? null : { etag, ics: after });
  return null;
}

/** @returns the entity tag since; empty for what was removed. */
async function putIn(
  { dav }: OpenAccount,
  { href, before, after }: Pick<WriteBody, 'href' | 'before' | 'after'>,
): Promise<string | 'changed'> {
  const there = async () => dav.get(href);
  if (after === null) return (await dav.remove(href, before?.etag ?? '*')) === 'gone' ? '' : (await there()) === null ? '' : 'changed';
  const put = await dav.put(href, after, before?.etag ?? null);
  if (put !== 'changed' && put.etag !== null) return put.etag;
  const now = await there();
  // An attempt that was cut may have written it, and the server may have said no more than that it did.
  return now !== null && isSame(now.ics, after) ? now.etag : 'changed';
}

/** Whether two objects say the same, whichever bytes a server has made of one. */
export function isSame(ics: string, other: string | null): boolean {
  const [one, two] = [seriesOf(ics), other === null ? null : seriesOf(other)];
  return one !== null && two !== null && one.uid === two.uid && Object.keys(differences(one, two)).length === 0;
}

/** Tells everybody whom it concerns. Where nobody can be told, what was written is taken back, so that nobody waits for nothing. */
async function tell(deps: CalendarDeps, context: ToolContext, write: Kept): Promise<ToolAnswer> {
  for (const [at, message] of write.body.messages.entries()) {
    const answer = await deps.post.send(mailOf(context, at), message);
    if (answer.kind === 'failed' && answer.failure === 'permanent' && at === 0) {
      const fresh = await deps.writes.find(context.tenantId, { key: context.key });
      const back = fresh === null ? 'restored' : await restore(deps, context, fresh).catch(passing);
      return back === 'restored' ? answer : { ...answer, message: `${answer.message} The appointment stands in the calendar.` };
    }
    if (answer.kind !== 'done') return answer;
  }
  await deps.writes.advance(context.tenantId, context.key, { state: 'done' });
  return { kind: 'done', result: write.body.result };
}

function passing(error: unknown): null {
  if (isConnectorFault(error)) return null;
  throw error;
}
