import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface StandInMessage {
  readonly uid: number;
  readonly bytes: Buffer;
  readonly receivedAt: Date;
  readonly flags: Set<string>;
}

interface Folder {
  uidValidity: number;
  uidNext: number;
  messages: StandInMessage[];
  readonly use?: string;
}

/** How it misbehaves. */
export interface Mischief {
  /** Takes calls and says nothing. */
  hangs?: boolean;
  /** Ends the line in the middle of the so-manyth message that is fetched from now on. */
  cutAt?: number;
  /** Says NO to fetching the text of this message. */
  refusesUid?: number;
  /** Says that messages have so many bytes, whatever they have. */
  claimsBytes?: number;
  /** Answers a fetch with a message of so many bytes, whatever was asked. */
  literalBytes?: number;
  /** Sends such lines without end when a folder is opened. */
  floodsWith?: string;
}

/** An IMAP server as strict as our client needs it, in memory, without TLS: for what Dovecot cannot be made to do. */
export interface ImapStandIn {
  readonly port: number;
  readonly folders: Map<string, Folder>;
  readonly mischief: Mischief;
  /** How often somebody has signed in, and by what. */
  readonly logins: string[];
  add(folder: string, message: string | Buffer, receivedAt?: Date): StandInMessage;
  /** As after a restore: the same messages, other numbers. */
  renumber(folder: string): void;
  close(): Promise<void>;
}

/** @param secrets - passwords, and access tokens, that are right */
export async function startImapStandIn(secrets: ReadonlySet<string>): Promise<ImapStandIn> {
  const folders = new Map<string, Folder>(
    [
      ['INBOX', undefined],
      ['Sent', '\\Sent'],
      ['Drafts', '\\Drafts'],
    ].map(([name, use]) => [String(name), { uidValidity: 7, uidNext: 1, messages: [], ...(use === undefined ? {} : { use }) }]),
  );
  const mischief: Mischief = {};
  const logins: string[] = [];
  const sockets = new Set<Socket>();
  const idling = new Map<Socket, Folder>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      idling.delete(socket);
    });
    serve(socket, { folders, mischief, secrets, logins, idling });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address !== 'object') throw new Error('no port');
  const folderAt = (name: string): Folder => {
    const folder = folders.get(name);
    if (folder === undefined) throw new Error(`no folder ${name}`);
    return folder;
  };
  return {
    port: address.port,
    folders,
    mischief,
    logins,
    add(name, message, receivedAt = new Date()) {
      const folder = folderAt(name);
      const added = { uid: folder.uidNext++, bytes: Buffer.from(message), receivedAt, flags: new Set<string>() };
      folder.messages.push(added);
      for (const [socket, watched] of idling) if (watched === folder) socket.write(`* ${folder.messages.length} EXISTS\r\n`);
      return added;
    },
    renumber(name) {
      const folder = folderAt(name);
      folder.uidValidity += 1;
      folder.messages = folder.messages.map((message, at) => ({ ...message, uid: 1_000 + at }));
      folder.uidNext = 1_000 + folder.messages.length;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Shared {
  readonly folders: Map<string, Folder>;
  readonly mischief: Mischief;
  readonly secrets: ReadonlySet<string>;
  readonly logins: string[];
  readonly idling: Map<Socket, Folder>;
}

const capabilities = 'IMAP4rev1 IDLE UIDPLUS SPECIAL-USE SASL-IR AUTH=PLAIN AUTH=XOAUTH2';

function serve(socket: Socket, { folders, mischief, secrets, logins, idling }: Shared): void {
  let input = Buffer.alloc(0);
  let folder: Folder | null = null;
  /** A command that goes on with the next line. */
  let waiting: { readonly tag: string; readonly goOn: (line: string) => string } | null = null;
  const say = (line: string | Buffer) => socket.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]));
  socket.on('data', (chunk) => {
    if (mischief.hangs === true) return;
    input = Buffer.concat([input, chunk]);
    for (let command = nextCommand(); command !== null; command = nextCommand()) answer(command.text, command.literal);
  });
  if (mischief.hangs !== true) say(`* OK [CAPABILITY ${capabilities}] ready`);

  /** A line, with the literal at its end if it has one, for which it is asked first. */
  function nextCommand(): { text: string; literal: Buffer | null } | null {
    const end = input.indexOf('\r\n');
    if (end < 0) return null;
    const text = input.subarray(0, end).toString();
    const [, size] = /\{(\d+)\}$/.exec(text) ?? [];
    if (size === undefined) {
      input = input.subarray(end + 2);
      return { text, literal: null };
    }
    const rest = input.subarray(end + 2);
    if (rest.length === 0) say('+ ');
    if (rest.length < Number(size) + 2) return null;
    input = rest.subarray(Number(size) + 2);
    return { text, literal: Buffer.from(rest.subarray(0, Number(size))) };
  }

  function answer(text: string, literal: Buffer | null): void {
    if (waiting === null) {
      const [tag = '*', verb = '', ...words] = text.split(' ');
      const reply = replyTo(
        tag,
        verb.toUpperCase() === 'UID' ? `UID ${(words[0] ?? '').toUpperCase()}` : verb.toUpperCase(),
        words,
        literal,
      );
      if (reply !== null) say(`${tag} ${reply}`);
      if (verb.toUpperCase() === 'LOGOUT') socket.end();
      return;
    }
    const { tag, goOn } = waiting;
    waiting = null;
    say(`${tag} ${goOn(text)}`);
  }

  function signIn(given: string): string {
    const secret = [...secrets].find((one) => given.includes(one));
    if (secret === undefined) return 'NO [AUTHENTICATIONFAILED] no';
    logins.push(secret);
    return `OK [CAPABILITY ${capabilities}] signed in`;
  }

  /** Says what belongs to it, and returns how it ends; null: not yet. */
  function replyTo(tag: string, name: string, words: readonly string[], literal: Buffer | null): string | null {
    const args = words.join(' ');
    const decoded = (base64: string) => Buffer.from(base64, 'base64').toString();
    switch (name) {
      case 'CAPABILITY':
        say(`* CAPABILITY ${capabilities}`);
        return 'OK';
      case 'LOGIN':
        return signIn(args);
      case 'AUTHENTICATE':
        if (words.length > 1) return signIn(decoded(words[1] ?? ''));
        waiting = { tag, goOn: (given) => signIn(decoded(given)) };
        say('+ ');
        return null;
      case 'LIST':
        for (const [path, { use }] of folders)
          if (/[*%]"?$/.test(args) || unquoted(words.at(-1)) === path) say(`* LIST (${use ?? ''}) "/" "${path}"`);
        return 'OK';
      case 'SELECT':
      case 'EXAMINE':
        return open(unquoted(args), name === 'EXAMINE');
      case 'UID SEARCH':
        say(
          `* SEARCH${(folder?.messages ?? [])
            .filter((message) => matches(message, args))
            .map(({ uid }) => ` ${uid}`)
            .join('')}`,
        );
        return 'OK';
      case 'UID FETCH':
        return fetch(args);
      case 'UID STORE':
        for (const message of wanted(words[1])) message.flags.add('\\Deleted');
        return 'OK';
      case 'UID EXPUNGE':
      case 'EXPUNGE':
        if (folder !== null) folder.messages = folder.messages.filter(({ flags }) => !flags.has('\\Deleted'));
        return 'OK';
      case 'APPEND': {
        const target = folders.get(unquoted(words[0]));
        if (target === undefined || literal === null) return 'NO [TRYCREATE] no such folder';
        const flags = new Set((/\(([^)]*)\)/.exec(args)?.[1] ?? '').split(' ').filter(Boolean));
        target.messages.push({ uid: target.uidNext++, bytes: literal, receivedAt: new Date(), flags });
        return `OK [APPENDUID ${target.uidValidity} ${target.uidNext - 1}] kept`;
      }
      case 'IDLE':
        waiting = {
          tag,
          goOn: () => {
            idling.delete(socket);
            return 'OK';
          },
        };
        if (folder !== null) idling.set(socket, folder);
        say('+ idling');
        return null;
      case 'LOGOUT':
        say('* BYE');
        return 'OK';
      case 'NOOP':
      case 'LSUB':
        return 'OK';
      default:
        return 'BAD what';
    }
  }

  function open(path: string, readOnly: boolean): string | null {
    const opened = folders.get(path);
    if (opened === undefined) return 'NO [NONEXISTENT] no such folder';
    folder = opened;
    if (mischief.floodsWith !== undefined) {
      flood(mischief.floodsWith);
      return null;
    }
    say(`* ${opened.messages.length} EXISTS`);
    say('* FLAGS (\\Seen \\Draft \\Deleted)');
    say(`* OK [UIDVALIDITY ${opened.uidValidity}] so`);
    say(`* OK [UIDNEXT ${opened.uidNext}] so`);
    return `OK [${readOnly ? 'READ-ONLY' : 'READ-WRITE'}] open`;
  }

  function flood(line: string): void {
    const pour = () => {
      while (socket.writable && socket.write(`${line}\r\n`));
    };
    socket.on('drain', pour);
    pour();
  }

  const wanted = (set: string | undefined): StandInMessage[] =>
    (folder?.messages ?? []).filter(({ uid }) => isIn(set ?? '', uid, folder?.uidNext ?? 1));

  function matches(message: StandInMessage, args: string): boolean {
    const [, set] = / UID ([\d:,*]+)/i.exec(args) ?? [];
    const [, since] = / SINCE "?([\w-]+)"?/i.exec(args) ?? [];
    const [, id] = / HEADER "?message-id"? "?(<[^>]+>)"?/i.exec(args) ?? [];
    if (set !== undefined && !isIn(set, message.uid, folder?.uidNext ?? 1)) return false;
    if (since !== undefined && message.receivedAt.getTime() < Date.parse(`${since} UTC`)) return false;
    return id === undefined || headOf(message.bytes).includes(id);
  }

  function fetch(args: string): string | null {
    const [set = ''] = args.split(' ').slice(1);
    const wantsText = /BODY\.PEEK\[\]/i.test(args);
    const wantsHead = /BODY\.PEEK\[HEADER\]/i.test(args);
    for (const { uid, bytes, flags, receivedAt } of wanted(set)) {
      if (wantsText && mischief.refusesUid === uid) return 'NO [SERVERBUG] cannot read it';
      const at = (folder?.messages.findIndex((one) => one.uid === uid) ?? 0) + 1;
      const known = `UID ${uid} FLAGS (${[...flags].join(' ')}) INTERNALDATE "${internalDate(receivedAt)}" RFC822.SIZE ${mischief.claimsBytes ?? bytes.length}`;
      if (!wantsText && !wantsHead) {
        const [, id = ''] = /^message-id:\s*(\S+)/im.exec(headOf(bytes)) ?? [];
        say(`* ${at} FETCH (${known}${/ENVELOPE/i.test(args) ? ` ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL "${id}")` : ''})`);
        continue;
      }
      const body = wantsHead
        ? Buffer.from(headOf(bytes))
        : mischief.literalBytes === undefined
          ? bytes
          : Buffer.alloc(mischief.literalBytes, 97);
      socket.write(`* ${at} FETCH (${known} ${wantsHead ? 'BODY[HEADER]<0>' : 'BODY[]'} {${body.length}}\r\n`);
      if (mischief.cutAt !== undefined && wantsText) {
        mischief.cutAt -= 1;
        if (mischief.cutAt < 0) {
          socket.write(body.subarray(0, Math.floor(body.length / 2)), () => socket.destroy());
          return null;
        }
      }
      socket.write(body);
      say(')');
    }
    return 'OK';
  }
}

const unquoted = (text: string | undefined): string => (text ?? '').replaceAll('"', '');
const headOf = (bytes: Buffer): string => bytes.toString('latin1').split('\r\n\r\n', 1)[0] ?? '';

function isIn(set: string, uid: number, uidNext: number): boolean {
  return set.split(',').some((part) => {
    const [from = 0, to = from] = part.split(':').map((end) => (end === '*' ? Math.max(1, uidNext - 1) : Number(end)));
    return uid >= Math.min(from, to) && uid <= Math.max(from, to);
  });
}

function internalDate(date: Date): string {
  const [, month, day, year, time] =
    /^\w+ (\w+) (\d+) (\d+) ([\d:]+)/.exec(date.toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (.*)$/, '$1 $3 $2 $4 $5')) ?? [];
  return `${day}-${month}-${year} ${time} +0000`;
}
