import type { Risk } from '../../api/types.ts';

/** The views of the inbox after the first, which is what needs the reader. */
export const inboxViews = ['delegated', 'snoozed', 'decided', 'all'] as const;
export type InboxView = (typeof inboxViews)[number];

const risks: readonly Risk[] = ['low', 'medium', 'high'];

/** What the address of the inbox says: which view, and what is looked for in it. */
export interface InboxSearch {
  view?: InboxView;
  risk?: Risk;
  tool?: string;
  q?: string;
}

/** Reads the address; what is unknown in it is left out. */
export function readInboxSearch(search: Record<string, unknown>): InboxSearch {
  const view = inboxViews.find((one) => one === search.view);
  const risk = risks.find((one) => one === search.risk);
  const words = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value : undefined);
  const tool = words(search.tool);
  // A number in the address is read as one; it was typed as words.
  const q = words(typeof search.q === 'number' ? String(search.q) : search.q);
  return { ...(view && { view }), ...(risk && { risk }), ...(tool && { tool }), ...(q && { q }) };
}

/** How many conditions beside the view. */
export const conditionsOf = ({ risk, tool, q }: InboxSearch): number => [risk, tool, q].filter((one) => one !== undefined).length;
