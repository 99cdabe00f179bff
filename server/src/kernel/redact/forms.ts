/** Values shorter than this, in characters, are not looked for: they would be found in half of what is said. */
export const secretCharactersMin = 8;

/** How often a text is packed into JSON inside JSON, at most, before it is logged. */
const jsonDepthMax = 3;

/** `buffer.INSPECT_MAX_BYTES`. */
const inspectedBytesMax = 50;

/** Members of a JSON value and lines of a text that are looked for by themselves, at most. */
const partsMax = 32;

/**
 * Every form in which a secret may stand in a text: as it is, in JSON (also inside JSON), percent- and form-encoded, in base64 wherever in
 * the encoded text it begins, in hex, and as the numbers that a logged buffer becomes. Parts of a compound secret count as well: the
 * password in a URL, the members of a JSON object, the lines of a PEM file.
 */
export function formsOf(value: string): Set<string> {
  const forms = new Set<string>();
  for (const part of partsOf(value)) for (const form of encodingsOf(part)) if (form.length >= secretCharactersMin) forms.add(form);
  return forms;
}

function partsOf(value: string): string[] {
  const parts = [value, value.trim(), ...passwordOf(value), ...membersOf(value)];
  if (value.includes('\n'))
    parts.push(
      ...value
        .split('\n')
        .map((line) => line.trim())
        .filter(isTelling)
        .slice(0, partsMax),
    );
  return [...new Set(parts)].filter((part) => part.length >= secretCharactersMin);
}

/** A line that says something by itself: not the frame of a PEM file, which is the same for everybody. */
const isTelling = (line: string): boolean => line.length >= 16 && !line.startsWith('-----');

function passwordOf(value: string): string[] {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value) || !URL.canParse(value)) return [];
  const { password } = new URL(value);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

function membersOf(value: string): string[] {
  if (!/^\s*[[{]/.test(value)) return [];
  try {
    return strings(JSON.parse(value)).slice(0, partsMax);
  } catch {
    return [];
  }
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}

function* encodingsOf(text: string): Generator<string> {
  let json = text;
  for (let depth = 0; depth <= jsonDepthMax; depth += 1) {
    yield json;
    json = JSON.stringify(json).slice(1, -1);
  }
  for (const foreign of foreignJson(text)) {
    yield foreign;
    yield JSON.stringify(foreign).slice(1, -1);
  }
  const percent = encodeURIComponent(text.toWellFormed());
  const form = new URLSearchParams([['', text]]).toString().slice(1);
  for (const encoded of [percent, form]) {
    yield encoded;
    yield encoded.replaceAll(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
  }
  const bytes = Buffer.from(text, 'utf8');
  for (const lead of [0, 1, 2]) {
    const core = base64Core(bytes, lead);
    yield core;
    yield core.replaceAll('+', '-').replaceAll('/', '_');
    yield encodeURIComponent(core);
    yield core.replaceAll('/', '\\/');
  }
  const hex = bytes.toString('hex');
  yield hex;
  yield hex.toUpperCase();
  // As `util.inspect` shows a buffer (its first 50 bytes), and as JSON does.
  yield hex.slice(0, 2 * inspectedBytesMax).replaceAll(/..(?=.)/g, '$& ');
  yield bytes.join(',');
}

/** JSON as other programs write it, who send back what they were sent: each escapes more than it would have to. */
function foreignJson(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const escaped = (from: string, which: RegExp, toCase: (hex: string) => string = (hex) => hex) =>
    from.replaceAll(which, (char) => `\\u${toCase(char.charCodeAt(0).toString(16).padStart(4, '0'))}`);
  const ascii = escaped(json, /[^\x20-\x7e]/g);
  return [
    // Python, PHP, Go, .NET.
    ascii,
    ascii.replaceAll('/', '\\/'),
    escaped(json, /[<>&]/g),
    escaped(json.replaceAll('\\"', '\\u0022'), /[^\x20-\x7e]|[<>&'+`]/g, (hex) => hex.toUpperCase()),
  ];
}

/**
 * What stands in the base64 text of anything that holds these bytes after `lead` others (modulo 3): without the characters at either
 * end that their neighbours have a bit in.
 */
function base64Core(bytes: Buffer, lead: number): string {
  const encoded = Buffer.concat([Buffer.alloc(lead), bytes]).toString('base64');
  return encoded.slice(Math.ceil((lead * 8) / 6), Math.floor(((lead + bytes.length) * 8) / 6));
}
