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

/** Below this many milliseconds each has its own place; from there on each decade has as many places as it has steps. */
const exactBelow = 100;
const decadePlaces = 50 + 75 + 50;

/** More than there are places: the longest time between two dates has 17 digits. */
export const placesMax = exactBelow + 15 * decadePlaces;

/** Which of all rounded spans one is, counted from the shortest. */
export function placeOf(rounded: number): number {
  if (rounded < exactBelow) return rounded;
  const decade = String(rounded).length - 3;
  const digits = rounded / 10 ** decade;
  const step = digits < 200 ? (digits - 100) / 2 : digits < 500 ? 50 + (digits - 200) / 4 : 125 + (digits - 500) / 10;
  return exactBelow + decade * decadePlaces + step;
}

/** The rounded span at a place. */
export function spanAt(place: number): number {
  if (place < exactBelow) return place;
  const step = (place - exactBelow) % decadePlaces;
  const digits = step < 50 ? 100 + step * 2 : step < 125 ? 200 + (step - 50) * 4 : 500 + (step - 125) * 10;
  return digits * 10 ** Math.floor((place - exactBelow) / decadePlaces);
}
