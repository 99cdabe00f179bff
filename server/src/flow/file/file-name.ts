/** Leaves room for a number and an ending within what a path of the vault takes for one part. */
const nameBytesMax = 150;

/** What changes how a name is shown without being seen, and controls. The joiners stay: Persian and composed emoji need them. */
const unseen = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029\p{Noncharacter_Code_Point}]/gu;
const deviceName = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)/i;
/** What a double click would run, on any system. */
const runnable =
  /\.(?:exe|scr|com|bat|cmd|pif|cpl|msi|msp|ps1|psm1|vbs|vbe|js|jse|mjs|wsf|wsh|hta|lnk|url|scf|reg|jar|app|dmg|pkg|deb|rpm|sh|bash|command|desktop|html?|xhtml|svg|xll|iqy|chm|dll|sys)$/i;

/**
 * A name that is one everywhere: the file's own, without folders, controls and what only Windows forbids. What would run is given the
 * ending `.unsafe`, so that nobody runs it by mistake.
 */
export function safeName(given: string): string {
  const last = given.toWellFormed().normalize('NFC').replaceAll('\uFFFD', '_').split(/[\\/]/).at(-1) ?? '';
  const plain = last
    .replace(unseen, '')
    .replace(/[<>:"|?*%]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[ .]+|[ .]+$/g, '');
  const named = plain === '' ? 'file' : plain.replace(deviceName, (device) => `_${device}`);
  const whole = runnable.test(named) ? `${named}.unsafe` : named;
  return shortened(whole);
}

/** The name with a number before its ending, to be another one than those that are taken. */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const { stem, ending } = partsOf(name);
  return `${stem} (${number})${ending}`;
}

/** What people should know of a name before they trust it, in sentences. */
export function nameWarnings(given: string): string[] {
  const warnings: string[] = [];
  if (/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(given))
    warnings.push('Its name had marks that turn the direction of writing, which can hide its true ending.');
  if (/\p{sc=Latin}/u.test(given) && /[\p{sc=Cyrillic}\p{sc=Greek}]/u.test(given))
    warnings.push('Its name mixes letters of different scripts that look alike.');
  if (runnable.test(given.trim())) warnings.push('It is of a kind that runs when it is opened.');
  return warnings;
}

/** From its start: the ending says what it is. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= nameBytesMax) return name;
  const { stem, ending } = partsOf(name);
  let short = stem;
  while (Buffer.byteLength(short + ending) > nameBytesMax) short = [...short].slice(0, -1).join('');
  return short.trimEnd() + ending;
}

function partsOf(name: string): { stem: string; ending: string } {
  const ending = /(?:\.[^.\s]{1,12}){1,2}$/.exec(name)?.[0] ?? '';
  return ending === name ? { stem: name, ending: '' } : { stem: name.slice(0, name.length - ending.length), ending };
}
