/** Cells as a line of CSV (RFC 4180): quoted where they hold a comma, a quote or the end of a line. Line ends within become spaces. */
export const csvLine = (cells: readonly string[]): string =>
  cells
    .map((cell) => cell.replace(/\s*[\r\n]+\s*/g, ' '))
    .map((cell) => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(',');
