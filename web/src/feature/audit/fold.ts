/** Entries that only say that somebody looked, or that the machine went on. */
export const quietKinds: ReadonlySet<string> = new Set(['access.read', 'note.read', 'step.retried', 'approval.used']);

/** Gathers neighbouring quiet entries, so that what was done stands out. One alone is left as it is. */
export function foldQuiet<Entry extends { kind: string }>(entries: readonly Entry[]): (Entry | Entry[])[] {
  const items: (Entry | Entry[])[] = [];
  for (const entry of entries) {
    const last = items.at(-1);
    if (!quietKinds.has(entry.kind)) items.push(entry);
    else if (Array.isArray(last)) last.push(entry);
    else items.push([entry]);
  }
  return items.map((item) => (Array.isArray(item) && item.length === 1 && item[0] ? item[0] : item));
}
