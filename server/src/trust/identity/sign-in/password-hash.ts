import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { FactotumError } from '#kernel';

/** What the OWASP password storage cheat sheet asks of argon2id as a minimum with one lane: 19 MiB, two passes. */
const current = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const tagLength = 32;
const saltLength = 16;

/** Hashes that are made at once: each takes a thread of the pool that files and names are read with as well, which has four. */
const parallelMax = 2;
/** Hashes that wait, at most: at 40 to 80 ms each, two at once, the last waits about two seconds. */
const waitingMax = 50;

/** @returns a PHC string (github.com/P-H-C/phc-string-format), `$argon2id$v=19$m=..,t=..,p=..$salt$hash`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltLength);
  return phc(current, salt, await derive(password, salt, { ...current, tagLength }));
}

/**
 * Whether it is this password. Takes as long for nobody's hash (null) as for somebody's.
 *
 * @returns `isOutdated`: it is, and was hashed with other parameters than today's; hash it again.
 * @throws FactotumError `server.busy` when too many wait.
 */
export async function checkPassword(password: string, kept: string | null): Promise<{ isRight: boolean; isOutdated: boolean }> {
  const { parameters, salt, tag } = parse(kept) ?? nobody;
  const derived = await derive(password, salt, { ...parameters, tagLength: tag.length });
  const isRight = timingSafeEqual(derived, tag) && kept !== null;
  const isOutdated = isRight && phc(parameters, salt, tag) !== phc(current, salt, tag);
  return { isRight, isOutdated };
}

/** What a password is compared with that belongs to nobody. */
const nobody = { parameters: current, salt: randomBytes(saltLength), tag: randomBytes(tagLength) };

type Parameters = { readonly memory: number; readonly passes: number; readonly parallelism: number };

const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
const phc = ({ memory, passes, parallelism }: Parameters, salt: Buffer, tag: Buffer) =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;

const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

function parse(kept: string | null): { parameters: Parameters; salt: Buffer; tag: Buffer } | null {
  const [, memory, passes, parallelism, salt = '', tag = ''] = form.exec(kept ?? '') ?? [];
  if (memory === undefined) return null;
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

const argon2id = promisify((parameters: Argon2Parameters, done: (error: Error | null, tag: Buffer) => void) =>
  argon2('argon2id', parameters, done),
);

let running = 0;
const waiting: (() => void)[] = [];

/** The same letters typed on another keyboard are the same password (NFKC, as NIST SP 800-63B asks). */
async function derive(
  password: string,
  nonce: Buffer,
  { memory, passes, parallelism, tagLength: length }: Parameters & { tagLength: number },
) {
  if (running >= parallelMax) {
    if (waiting.length >= waitingMax) throw new FactotumError('server.busy', 'Too many people sign in at this moment. Try again shortly.');
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running++;
  try {
    return await argon2id({ message: password.normalize('NFKC'), nonce, memory, passes, parallelism, tagLength: length });
  } finally {
    // Whoever waits takes the place over; without anybody waiting it is free.
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}
