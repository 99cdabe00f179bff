import { invalidAddress } from './cloud.ts';

/** Where a key of a PKCS #11 token is. */
export interface Pkcs11Key {
  /** The token's label. */
  readonly token: string;
  /** The token's serial number, where several have the same label. */
  readonly serial?: string;
  /** The key's label. */
  readonly object: string;
  /** The vendor's library. */
  readonly modulePath: string;
  /** The file that holds the PIN. */
  readonly pinFile: string;
}

const pathNames = ['token', 'serial', 'object', 'type'];
const queryNames = ['module-path', 'pin-source'];

/**
 * Reads an RFC 7512 address without its `pkcs11:`, like `token=hsm;object=seeds?module-path=/usr/lib/hsm.so&pin-source=file:/etc/pin`.
 *
 * @throws FactotumError `key.provider_invalid`, with what is wrong; never with a PIN.
 */
export function parsePkcs11Key(text: string): Pkcs11Key {
  const [path = '', query = ''] = text.split('?', 2);
  const attributes = new Map([...pairs(path, ';', pathNames), ...pairs(query, '&', queryNames)]);
  const { type = 'secret-key', ...found } = Object.fromEntries(attributes);
  const { token, serial, object, 'module-path': modulePath, 'pin-source': pinSource } = found;
  if (type !== 'secret-key') throw invalidAddress(`A pkcs11 address names a key of the type secret-key, not ${type}.`);
  if (!token || !object) throw invalidAddress('A pkcs11 address names the token and the key: pkcs11:token=TOKEN;object=KEY.');
  if (!modulePath?.startsWith('/'))
    throw invalidAddress('A pkcs11 address names the library by its whole path: ...?module-path=/usr/lib/softhsm/libsofthsm2.so.');
  const pinFile = pinSource?.replace(/^file:(?:\/\/(?=\/))?/, '');
  if (!pinFile?.startsWith('/'))
    throw invalidAddress('A pkcs11 address names the file that holds the PIN: ...&pin-source=file:/etc/factotum/pin.');
  return { token, object, modulePath, pinFile, ...(serial === undefined ? {} : { serial }) };
}

/** The key by itself, as rows name it: without where this machine has its library and PIN. */
export function pkcs11KeyId({ token, serial, object }: Pkcs11Key): string {
  const named = { token, serial, object };
  return `pkcs11:${Object.entries(named)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join(';')}`;
}

function* pairs(text: string, separator: string, known: readonly string[]): Iterable<[name: string, value: string]> {
  for (const pair of text.split(separator).filter((one) => one !== '')) {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    if (name === 'pin-value')
      throw invalidAddress(
        'The PIN is not written into a pkcs11 address. Put it into a file and name that: pin-source=file:/etc/factotum/pin.',
      );
    if (!known.includes(name)) throw invalidAddress(`A pkcs11 address does not take "${name}" here; it takes ${known.join(', ')}.`);
    yield [name, decode(value)];
  }
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A stray percent sign: RFC 7512 has no other meaning for it.
    throw invalidAddress('In a pkcs11 address a percent sign begins a character in hexadecimal: %20 for a space, %25 for itself.');
  }
}
