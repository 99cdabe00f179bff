/**
 * A span in milliseconds as it is counted: exact below 100, then rounded to the nearest step of at most two percent, so that what is shown
 * is within one percent. Steps grow with the span: 2, 4 or 10 units of the third digit.
 *
 * Rounding keeps the order, so the rounded median of spans is the median of rounded spans: figures of any period come from counts alone.
 */
export function roundSpan(ms: number): number {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 100) return whole;
  const unit = 10 ** (String(whole).length - 3);
  const step = unit * (whole < 200 * unit ? 2 : whole < 500 * unit ? 4 : 10);
  return Math.floor((whole + step / 2) / step) * step;
}
