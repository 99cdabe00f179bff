const currencies = new Set(Intl.supportedValuesOf('currency'));

/** Whether the text is an ISO 4217 currency that this runtime's locale data knows, in capital letters. */
export const isCurrency = (text: string): boolean => currencies.has(text);

/** "1,240.00 EUR" for 124000 and EUR: thousands apart, so that a zero too many is seen. */
export function formatMinor(amountMinor: number, currency: string): string {
  const digits = currencyExponent(currency);
  const text = String(amountMinor).padStart(digits + 1, '0');
  const whole = (digits === 0 ? text : text.slice(0, -digits)).replace(/\B(?=(?:\d{3})+$)/g, ',');
  return digits === 0 ? `${whole} ${currency}` : `${whole}.${text.slice(-digits)} ${currency}`;
}

/**
 * Digits of a currency's smallest unit where they are not 2: ISO 4217 list one. The runtime's locale data (CLDR) differs for HUF, IDR, PKR
 * and 14 more, where everyday prices have no decimals but banks count them: an amount shown by it would look a hundred times too large.
 */
const exponents: ReadonlyMap<string, number> = new Map([
  ...withExponent(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...withExponent(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...withExponent(4, 'CLF UYW'),
]);

/** Digits behind the decimal point of a currency: 2 for EUR, 0 for JPY, 3 for KWD. An unknown currency has 2, as most do. */
export const currencyExponent = (currency: string): number => exponents.get(currency) ?? 2;

function withExponent(exponent: number, codes: string): (readonly [string, number])[] {
  return codes.split(' ').map((code) => [code, exponent] as const);
}
