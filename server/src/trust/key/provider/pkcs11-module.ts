import { createRequire } from 'node:module';
import { join } from 'node:path';
import { FactotumError } from '#kernel';
import { kekFault } from './fault.ts';

/** The version that the system test runs with. */
const packageName = 'pkcs11js';
const packageVersion = '2.1.7';

/** The part of pkcs11js that we use: the C functions of PKCS #11 2.40, their failures thrown with `code`. */
export interface Pkcs11 {
  load(path: string): void;
  C_Initialize(options: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Buffer[];
  C_GetTokenInfo(slot: Buffer): { readonly label: string; readonly serialNumber: string };
  C_OpenSession(slot: Buffer, flags: number): Buffer;
  C_CloseSession(session: Buffer): void;
  C_Login(session: Buffer, user: number, pin: string): void;
  C_FindObjectsInit(session: Buffer, template: readonly Attribute[]): void;
  C_FindObjects(session: Buffer, most: number): Buffer[];
  C_FindObjectsFinal(session: Buffer): void;
  C_GetAttributeValue(session: Buffer, object: Buffer, template: readonly { readonly type: number }[]): { readonly value: Buffer }[];
  C_EncryptInit(session: Buffer, mechanism: Mechanism, key: Buffer): void;
  C_EncryptAsync(session: Buffer, input: Buffer, output: Buffer): Promise<Buffer>;
  C_DecryptInit(session: Buffer, mechanism: Mechanism, key: Buffer): void;
  C_DecryptAsync(session: Buffer, input: Buffer, output: Buffer): Promise<Buffer>;
}
interface Attribute {
  readonly type: number;
  readonly value: number | string;
}
interface Mechanism {
  readonly mechanism: number;
  readonly parameter: Readonly<Record<string, unknown>>;
}

interface Loaded {
  readonly pkcs11: Pkcs11;
  /** We have initialized it; otherwise somebody else in this process has, and it stays theirs. */
  readonly isOurs: boolean;
  users: number;
}
/** A library has one state a process, so its users share it and the last one ends it. */
const loaded = new Map<string, Loaded>();

/** Calls may come from several threads at once (CKF_OS_LOCKING_OK). */
const osLocking = 2;
const alreadyInitialized = 0x191;

/**
 * Loads and initializes a vendor's library, or joins those who use it already.
 *
 * @param modulesFrom - the folder below which pkcs11js is looked for; ours by default
 * @throws FactotumError `key.provider_missing` when pkcs11js is not installed, `key.unavailable` when the library cannot be loaded.
 */
export function acquirePkcs11(modulePath: string, modulesFrom: string = import.meta.dirname): { pkcs11: Pkcs11; release: () => void } {
  let entry = loaded.get(modulePath);
  if (entry === undefined) {
    const pkcs11 = new (requirePackage(modulesFrom).PKCS11)();
    let isOurs = true;
    try {
      pkcs11.load(modulePath);
      pkcs11.C_Initialize({ flags: osLocking });
    } catch (cause) {
      isOurs = false;
      if (codeOf(cause) !== alreadyInitialized)
        throw kekFault('unreachable', `The PKCS #11 library ${modulePath} cannot be loaded. See whether it is there and set up.`, cause);
    }
    entry = { pkcs11, isOurs, users: 0 };
    loaded.set(modulePath, entry);
  }
  const held = entry;
  held.users += 1;
  return {
    pkcs11: held.pkcs11,
    release() {
      held.users -= 1;
      if (held.users > 0) return;
      loaded.delete(modulePath);
      if (held.isOurs) held.pkcs11.C_Finalize();
    },
  };
}

/** The code of a failed function (CKR_...); undefined for any other error. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

function requirePackage(modulesFrom: string): { readonly PKCS11: new () => Pkcs11 } {
  try {
    // A compiled CommonJS package without types of its own use: what we call of it is declared above and run by the system test.
    return createRequire(join(modulesFrom, 'package.json'))(packageName) as { readonly PKCS11: new () => Pkcs11 };
  } catch (cause) {
    const command = `npm install ${packageName}@${packageVersion}`;
    throw new FactotumError(
      'key.provider_missing',
      `A key in an HSM needs a package that is not installed. It is compiled at installation (g++ and make). Install it and start again: ${command}`,
      { cause, details: { command } },
    );
  }
}
