import { z } from 'zod';
import type { Json } from '#kernel';

/** Who can have written a value: only people and things the tenant answers for, or anybody. */
export type Integrity = 'trusted' | 'untrusted';

const sourcesMax = 1000;

/**
 * Where a value comes from and who may read it. `sources` are texts such as `mail:alice@example.com`, `note:Accounting/PO-1.md`,
 * `playbook:Pay invoices`, `model:<name>`, `member:<user id>` or `system`.
 */
export const labelSchema = z
  .strictObject({
    sources: z.array(z.string().max(2000)).max(sourcesMax).readonly(),
    integrity: z.enum(['trusted', 'untrusted']),
    readers: z.enum(['anyone', 'tenant']),
  })
  .readonly();
export type Label = z.infer<typeof labelSchema>;

/** A value with its label: what every argument of a step is by the time the gate sees it. */
export type Labelled = { readonly value: Json; readonly label: Label };

/**
 * The label of something made from all of these: every source, untrusted when one is, private when one is.
 * Joining nothing gives the neutral label (no source, trusted, readable by anyone), so a caller that has not looked at its inputs must
 * not join an empty list.
 */
export function joinLabels(...labels: readonly Label[]): Label {
  const sources = [...new Set(labels.flatMap((label) => label.sources))].sort();
  return {
    // A very long list loses its tail and says so: whoever asks whether every source is a harmless one must not be told yes.
    sources: sources.length > sourcesMax ? [...sources.slice(0, sourcesMax - 1), 'more'] : sources,
    integrity: labels.some((label) => label.integrity === 'untrusted') ? 'untrusted' : 'trusted',
    readers: labels.some((label) => label.readers === 'tenant') ? 'tenant' : 'anyone',
  };
}
