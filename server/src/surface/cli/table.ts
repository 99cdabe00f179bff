/**
 * A table for people: columns as wide as their widest cell, two spaces between, no line ends with spaces.
 * Control characters are shown, not sent: titles come from mails, and a terminal obeys what it is sent.
 */
export function table(headings: readonly string[], rows: readonly (readonly (string | number | null | undefined)[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map((cell) => harmless(cell === null || cell === undefined ? '-' : String(cell))))];
  const widths = headings.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `name  value`, a line each; what has no value is left out. */
export function list(entries: Readonly<Record<string, string | number | null | undefined>>): string {
  const present = Object.entries(entries).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}  ${harmless(String(value))}`).join('\n');
}

/** The text with control and direction characters replaced by a visible mark. */
export const harmless = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b-\u200f]/gu, '\ufffd');
