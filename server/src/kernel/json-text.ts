import { FactotumError } from './errors.ts';

/** Deeper than this nothing we take ever is, and readers of JSON that call themselves run out of stack at some thousands. */
const nestingMax = 64;

/**
 * Reads JSON from a stranger. Names twice in one object are tolerated, as by every reader: the last one counts.
 *
 * @throws FactotumError `request.not_json`; `request.invalid` for nesting beyond 64 levels, and for texts with U+0000 or half of a
 * surrogate pair, which neither a database nor canonical JSON can hold.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  refuseDeep(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new FactotumError('request.not_json', text.trim() === '' ? 'The text is empty. Send a JSON object.' : 'The text is not JSON.');
  }
  // Only an escape can have brought them: raw, the one is no JSON and the other no UTF-8.
  if (/\\u(?:0000|d[89a-f])/i.test(text)) refuseUnstorable(value, '');
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FactotumError('request.not_json', 'The text is not UTF-8.');
  }
}

/** Counts brackets outside strings. Bytes will do: inside UTF-8 no other character contains these. */
function refuseDeep(bytes: Uint8Array): void {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isText) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) isText = false;
    } else if (byte === 0x22) isText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > nestingMax)
        throw new FactotumError('request.invalid', `The JSON is nested deeper than ${nestingMax} levels. Flatten it.`);
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
}

function refuseUnstorable(value: unknown, path: string): void {
  if (typeof value === 'string') refuseUnstorableText(value, path);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    refuseUnstorableText(key, path);
    refuseUnstorable(member, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`);
  }
}

function refuseUnstorableText(text: string, path: string): void {
  const fault = text.includes('\0') ? 'holds the character U+0000' : text.isWellFormed() ? null : 'holds half of a surrogate pair';
  if (fault === null) return;
  throw new FactotumError('request.invalid', `A text in the JSON ${fault}. Leave it out.`, {
    details: { faults: [{ path: path.isWellFormed() ? path.replaceAll('\0', '') : '', message: fault }] },
  });
}
