import { createHash } from 'node:crypto';
import { FactotumError } from '#kernel';
import { kekFault } from './fault.ts';
import { acquirePkcs11, codeOf, type Pkcs11 } from './pkcs11-module.ts';
import { type Pkcs11Key, pkcs11KeyId } from './pkcs11-uri.ts';

/** One session of a token, with the handle of our key in it. */
export interface Pkcs11Session {
  readonly pkcs11: Pkcs11;
  readonly session: Buffer;
  readonly key: Buffer;
}

/** Sessions at one token, signed in, with one key found. */
export interface Pkcs11Token {
  /** Runs the work with a session of its own; after a token that was taken out and put back, signs in again and runs it once more. */
  use<T>(work: (session: Pkcs11Session) => Promise<T>): Promise<T>;
  /** Waits up to five seconds for what runs, then gives the sessions back. */
  close(): Promise<void>;
}

interface Connection {
  readonly slot: Buffer;
  readonly key: Buffer;
  readonly idle: Buffer[];
  sessions: number;
}

/** Constants of PKCS #11 2.40, pkcs11t.h. */
const ck = {
  serialSession: 4,
  user: 1,
  class: 0x0,
  label: 0x3,
  keyType: 0x100,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  valueLength: 0x161,
  extractable: 0x162,
  secretKey: 4,
  aes: 0x1f,
} as const;
const userAlreadyLoggedIn = 0x100;
/** The PIN: incorrect, invalid, its length, expired, locked. */
const pinCodes = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4];
/** The session, the login or the handle of the key is not what it was: device error and removed, key handle, object handle, operation active,
 * session closed and invalid, token not present and not recognized, slot, user not logged in, not initialized. */
const lostCodes = [0x3, 0x30, 0x32, 0x60, 0x82, 0x90, 0xb0, 0xb3, 0xe0, 0xe1, 0x101, 0x190];
/** As many calls as libuv has threads for; more sessions would only wait inside the library. */
const sessionsMax = 4;
/** A call that takes longer than this at the end is left to itself. */
const closeWaitMs = 5_000;

/** @param pin - asked at each login, so that a PIN that was changed in its file counts */
export function createPkcs11Token(where: Pkcs11Key, pin: () => Promise<string>, modulesFrom?: string): Pkcs11Token {
  const library = acquirePkcs11(where.modulePath, modulesFrom);
  const { pkcs11 } = library;
  const waiting: (() => void)[] = [];
  let connection: Connection | undefined;
  let connecting: Promise<Connection> | undefined;
  let running = 0;
  /** A wrong PIN is not tried twice: tokens lock themselves after a few. */
  let refusedPin: string | undefined;
  let closed = false;

  const connect = async (): Promise<Connection> => {
    const text = (await pin()).trim();
    const digest = createHash('sha256').update(text).digest('hex');
    if (digest === refusedPin) throw wrongPin(where);
    const slot = findSlot(pkcs11, where);
    const session = pkcs11.C_OpenSession(slot, ck.serialSession);
    try {
      logIn(session, text, digest);
      connection = { slot, key: findKey(pkcs11, session, where), idle: [session], sessions: 1 };
      return connection;
    } catch (error) {
      pkcs11.C_CloseSession(session);
      throw error;
    }
  };
  const logIn = (session: Buffer, text: string, digest: string): void => {
    try {
      pkcs11.C_Login(session, ck.user, text);
    } catch (error) {
      const code = codeOf(error);
      // A login is the whole process's: another provider at the same token has made it.
      if (code === userAlreadyLoggedIn) return;
      if (code === undefined || !pinCodes.includes(code)) throw error;
      refusedPin = digest;
      throw wrongPin(where, error);
    }
  };
  const connected = (): Promise<Connection> => {
    if (connection !== undefined) return Promise.resolve(connection);
    connecting ??= connect().finally(() => {
      connecting = undefined;
    });
    return connecting;
  };
  const drop = (lost: Connection): void => {
    if (connection === lost) connection = undefined;
    for (const session of lost.idle.splice(0)) closeQuietly(session);
  };
  const closeQuietly = (session: Buffer): void => {
    try {
      pkcs11.C_CloseSession(session);
    } catch {
      // It is gone already, with the token that it was of.
    }
  };

  const turn = async (): Promise<void> => {
    if (running >= sessionsMax) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
  };
  const leave = (): void => {
    const next = waiting.shift();
    // The place is handed on as it is.
    if (next === undefined) running -= 1;
    else next();
  };

  const once = async <T>(work: (session: Pkcs11Session) => Promise<T>): Promise<T> => {
    const used = await connected();
    let session: Buffer | undefined;
    try {
      session = used.idle.pop() ?? pkcs11.C_OpenSession(used.slot, ck.serialSession);
      const result = await work({ pkcs11, session, key: used.key });
      if (connection === used) used.idle.push(session);
      else closeQuietly(session);
      return result;
    } catch (error) {
      // Whatever was begun in it is not wanted any more.
      if (session !== undefined) closeQuietly(session);
      const code = codeOf(error);
      if (code !== undefined && lostCodes.includes(code)) drop(used);
      throw error;
    }
  };

  return {
    async use(work) {
      if (closed) throw kekFault('unreachable', 'The key provider pkcs11 was closed.');
      await turn();
      try {
        return await once(work).catch((error: unknown) => {
          const code = codeOf(error);
          if (code === undefined || !lostCodes.includes(code)) throw error;
          return once(work);
        });
      } catch (error) {
        const code = codeOf(error);
        if (code === undefined || !lostCodes.includes(code)) throw error;
        throw kekFault('unreachable', `The token ${where.token} does not answer. See whether it is in its slot.`, error);
      } finally {
        leave();
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const endsAtMs = performance.now() + closeWaitMs; running > 0 && performance.now() < endsAtMs; )
        await new Promise<void>((resolve) => setTimeout(resolve, 5));
      if (connection !== undefined) drop(connection);
      library.release();
    },
  };
}

function findSlot(pkcs11: Pkcs11, { token, serial }: Pkcs11Key): Buffer {
  const found = pkcs11.C_GetSlotList(true).filter((slot) => {
    const info = pkcs11.C_GetTokenInfo(slot);
    return info.label.trim() === token && (serial === undefined || info.serialNumber.trim() === serial);
  });
  const [slot, second] = found;
  if (slot === undefined) throw kekFault('unreachable', `No slot holds the token ${token}. Put it in, or correct the address.`);
  if (second !== undefined)
    throw new FactotumError('key.provider_invalid', `Several tokens are called ${token}. Add ;serial= to the address.`);
  return slot;
}

/** One AES key of 256 bits that can neither be read nor taken out. */
function findKey(pkcs11: Pkcs11, session: Buffer, where: Pkcs11Key): Buffer {
  pkcs11.C_FindObjectsInit(session, [
    { type: ck.class, value: ck.secretKey },
    { type: ck.label, value: where.object },
  ]);
  const [key, second] = pkcs11.C_FindObjects(session, 2);
  pkcs11.C_FindObjectsFinal(session);
  const name = pkcs11KeyId(where);
  if (key === undefined) throw kekFault('refused', `The key ${name} is not on the token. If it was deleted, so is what it has wrapped.`);
  if (second !== undefined)
    throw new FactotumError('key.provider_invalid', `The token has several keys of the label ${where.object}. Give each its own.`);
  const attributes = [ck.keyType, ck.valueLength, ck.sensitive, ck.extractable, ck.encrypt, ck.decrypt];
  const values = pkcs11
    .C_GetAttributeValue(
      session,
      key,
      attributes.map((type) => ({ type })),
    )
    .map(({ value }) => value.readUIntLE(0, Math.min(value.length, 4)));
  const [keyType, valueLength, sensitive, extractable, encrypt, decrypt] = values;
  if (keyType !== ck.aes || valueLength !== 32 || encrypt !== 1 || decrypt !== 1)
    throw new FactotumError('key.provider_invalid', `The key ${name} must be an AES key of 256 bits that may encrypt and decrypt.`);
  if (sensitive !== 1 || extractable !== 0)
    throw new FactotumError(
      'key.provider_invalid',
      `The key ${name} can be read from its token. Make one that is sensitive and not extractable.`,
    );
  return key;
}

const wrongPin = ({ pinFile, token }: Pkcs11Key, cause?: unknown) =>
  kekFault('refused', `The token ${token} does not take the PIN in ${pinFile}. It is not tried again before the file changes.`, cause);
