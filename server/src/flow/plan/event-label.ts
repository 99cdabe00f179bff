import type { Label } from '#trust/policy';

/**
 * Who can have written an event: everything in it carries this label. `from` is what the event claims, so it explains where a value came
 * from and never makes it trusted.
 */
export function eventLabel(
  source: string,
  provenance: { readonly channel: string; readonly integrity: Label['integrity']; readonly from?: string | undefined },
): Label {
  return { sources: [`${source}:${provenance.from ?? provenance.channel}`], integrity: provenance.integrity, readers: 'tenant' };
}
