/**
 * An IBAN in electronic form: capitals, no spaces, check digits verified (ISO 13616 with ISO 7064 MOD 97-10).
 * @returns null when the text is anything else. The national length and account checks are the bank's.
 */
export function normaliseIban(text: string): string | null {
  const iban = text.replace(/[ \u00a0]/g, '').toUpperCase();
  if (!/^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$/.test(iban)) return null;
  return remainder97(`${iban.slice(4)}${iban.slice(0, 4)}`) === 1 ? iban : null;
}

/** Letters count as 10 to 35; taken digit by digit because the number has up to 68 digits. */
function remainder97(rearranged: string): number {
  let remainder = 0;
  for (const character of rearranged) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}
