import { type Arrival, ConnectorFault, type Polled, type PollLimits } from '@factotum/connector-sdk';
import { arrivalOf } from './arrival.ts';
import { type FolderCursor, type MailCursor, readCursor } from './cursor.ts';
import { fetchMessages, type Listed, listMessages } from './fetch.ts';
import { type Session, withMailbox } from './imap.ts';
import { type MailContext, pastMessagesMax } from './settings.ts';
import { extentOf, nextUids, type Range } from './window.ts';

const dayMs = 86_400_000;
/** By so much the mail server's clock may differ from ours before mail that is new counts as old. */
const clockSlackMs = dayMs;
/** A folder whose server tells of news is asked less often. */
const watchedMs = 5 * 60_000;
/** Messages whose sizes are asked for at once. */
const listedMax = 500;

export interface PollOptions {
  /** Adds what is known of the sender; see `authentication.ts`. */
  readonly authenticate: (context: MailContext, bytes: Buffer) => Promise<Extract<Arrival, { form: 'mail' }>['authentication']>;
}

/**
 * Fetches what is new in every folder, then the next piece of the past.
 *
 * A folder's UIDs only grow as long as its UIDVALIDITY stays (RFC 3501, section 2.3.1.1), so a number is the whole memory. When it does not
 * stay, the folder is read anew as far back as a first poll would, and mail that is known is recognised by its bytes.
 */
export async function pollMailbox(
  context: MailContext,
  given: unknown,
  limits: PollLimits,
  options: PollOptions,
): Promise<Polled<MailCursor>> {
  const before = given === null ? null : readCursor(given);
  if (given !== null && before === null)
    throw new ConnectorFault('cursor_expired', 'It is not known any more how far this mailbox was read.');
  const round = new Round(
    context,
    before ?? { since: limits.since ?? context.now().toISOString(), folders: {}, past: { done: 0, of: 0 } },
    limits,
    options,
  );
  return withMailbox(context, (session) => round.run(session));
}

class Round {
  readonly #context: MailContext;
  readonly #since: Date;
  readonly #oldest: Date;
  readonly #options: PollOptions;
  readonly #folders: Record<string, FolderCursor>;
  readonly #arrivals: Arrival[] = [];
  #past: MailCursor['past'];
  #room: { arrivals: number; bytes: number };
  #isFull = false;

  constructor(context: MailContext, cursor: MailCursor, limits: PollLimits, options: PollOptions) {
    this.#context = context;
    this.#since = new Date(cursor.since);
    this.#oldest = new Date(this.#since.getTime() - context.settings.pastDays * dayMs);
    this.#options = options;
    this.#folders = { ...cursor.folders };
    this.#past = cursor.past;
    this.#room = { arrivals: limits.arrivals, bytes: limits.bytes };
  }

  async run(session: Session): Promise<Polled<MailCursor>> {
    const paths = [...new Set(this.#context.settings.folders)];
    let opened = 0;
    // What is new in all folders comes before the past of any.
    for (const path of paths) if (await this.#visit(session, path, (place, isSent) => this.#forward(session, place, isSent))) opened += 1;
    if (opened === 0) throw new ConnectorFault('permanent', `The mail account has no folder ${paths.join(', ')}. Choose others.`);
    const pasts = paths.filter((path) => this.#folders[path]?.back != null);
    for (const path of pasts)
      if (!this.#isFull) await this.#visit(session, path, (place, isSent) => this.#backward(session, place, isSent));
    const isPastOpen = Object.values(this.#folders).some(({ back }) => back !== null);
    if (!isPastOpen) this.#past = { ...this.#past, done: this.#past.of };
    return {
      arrivals: this.#arrivals,
      cursor: { since: this.#since.toISOString(), folders: this.#folders, past: this.#past },
      more: this.#isFull || paths.some((path) => this.#folders[path]?.back != null),
      ...(this.#past.of === 0 ? {} : { progress: this.#past }),
      // The stream watches one folder, where the server can tell of news.
      ...(paths.length === 1 && session.client.capabilities.has('IDLE') ? { nextInMs: watchedMs } : {}),
    };
  }

  /** @returns false when the folder is not there; its place is kept. */
  async #visit(session: Session, path: string, work: (place: FolderCursor, isSent: boolean) => Promise<FolderCursor>): Promise<boolean> {
    const { client } = session;
    const mailbox = await client.mailboxOpen(path, { readOnly: true }).catch((error: unknown) => {
      if (error instanceof Error && 'responseStatus' in error && error.responseStatus === 'NO') return null;
      throw error;
    });
    if (mailbox === null) {
      this.#context.log('a mail folder is not there');
      return false;
    }
    const uidValidity = String(mailbox.uidValidity);
    const top = Math.max(0, (mailbox.uidNext ?? 1) - 1);
    const known = this.#folders[path];
    const place = known?.uidValidity === uidValidity ? known : await this.#begin(session, { uidValidity, top, isNew: known === undefined });
    const { sentFolder } = this.#context.settings;
    this.#folders[path] = place;
    this.#folders[path] = await work(place, path === sentFolder || mailbox.specialUse === '\\Sent');
    return true;
  }

  /** A folder that is read for the first time, or whose numbers mean other messages than before. */
  async #begin(
    { client }: Session,
    { uidValidity, top, isNew }: { uidValidity: string; top: number; isNew: boolean },
  ): Promise<FolderCursor> {
    if (!isNew) this.#context.log('a mail folder is read anew, as its UIDVALIDITY has changed');
    // The server counts in days, in a time zone of its own.
    const past = await extentOf(client, { low: 1, high: top }, new Date(this.#oldest.getTime() - dayMs));
    if (past !== null) this.#past = { ...this.#past, of: this.#past.of + Math.min(past.count, pastMessagesMax) };
    return { uidValidity, lastUid: top, back: past === null ? null : { low: past.min, high: past.max, left: pastMessagesMax } };
  }

  async #forward(session: Session, place: FolderCursor, isSent: boolean): Promise<FolderCursor> {
    const mailbox = session.client.mailbox;
    const top = mailbox === false ? 0 : (mailbox.uidNext ?? 1) - 1;
    let { lastUid } = place;
    while (lastUid < top && !this.#isFull) {
      const uids = await nextUids(
        session.client,
        { low: lastUid + 1, high: top },
        { first: 'oldest', most: Math.min(listedMax, this.#room.arrivals) },
      );
      if (uids.length === 0) lastUid = top;
      else
        lastUid =
          (await this.#take(session, uids, {
            oldest: null,
            historyBefore: isSent ? null : new Date(this.#since.getTime() - clockSlackMs),
          })) ?? lastUid;
    }
    return { ...place, lastUid };
  }

  async #backward(session: Session, place: FolderCursor, isSent: boolean): Promise<FolderCursor> {
    const { back } = place;
    if (back === null) return place;
    const first = this.#context.settings.pastFirst;
    const uids = await nextUids(session.client, back, { first, most: Math.min(listedMax, this.#room.arrivals, back.left) });
    const last = await this.#take(session, uids, { oldest: this.#oldest, historyBefore: isSent ? null : this.#since });
    if (last === null) return uids.length === 0 ? { ...place, back: null } : place;
    const taken = uids.indexOf(last) + 1;
    this.#past = { ...this.#past, done: Math.min(this.#past.of, this.#past.done + taken) };
    const rest: Range = first === 'newest' ? { low: back.low, high: last - 1 } : { low: last + 1, high: back.high };
    const left = back.left - taken;
    return { ...place, back: rest.low > rest.high || left <= 0 ? null : { ...rest, left } };
  }

  /**
   * Takes as many of these messages, in their order, as there is room for.
   *
   * @param bounds - `oldest`: what came before it is passed over. `historyBefore`: what came before it is history; null: everything is.
   * @returns the last that is behind us; null when there was no room for the first.
   */
  async #take(
    session: Session,
    uids: readonly number[],
    { oldest, historyBefore }: { oldest: Date | null; historyBefore: Date | null },
  ): Promise<number | null> {
    const listed = new Map((await listMessages(session, uids)).map((message) => [message.uid, message]));
    const wanted: Listed[] = [];
    let last: number | null = null;
    for (const uid of uids) {
      const message = listed.get(uid);
      const isWanted =
        message !== undefined && !message.isDraft && !(oldest !== null && message.receivedAt !== null && message.receivedAt < oldest);
      if (isWanted) {
        const isFirst = this.#arrivals.length === 0 && wanted.length === 0;
        if (this.#room.arrivals < 1 || (!isFirst && message.sizeBytes > this.#room.bytes)) {
          this.#isFull = true;
          break;
        }
        this.#room = { arrivals: this.#room.arrivals - 1, bytes: this.#room.bytes - message.sizeBytes };
        wanted.push(message);
      }
      last = uid;
    }
    for (const fetched of await fetchMessages(session, wanted)) {
      if (fetched.kind === 'gone') continue;
      const message = listed.get(fetched.uid);
      const isHistory = historyBefore === null || (message?.receivedAt ?? this.#since) < historyBefore;
      this.#arrivals.push(
        await arrivalOf(fetched, {
          sizeBytes: message?.sizeBytes ?? 0,
          isHistory,
          authenticate: (bytes) => this.#options.authenticate(this.#context, bytes),
        }),
      );
    }
    if (this.#room.arrivals < 1) this.#isFull = true;
    return last;
  }
}
