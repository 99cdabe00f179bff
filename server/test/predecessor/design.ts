/**
 * The predecessor's design in sketches: for each hole as little as shows the behaviour that its sources have, in our own words, so that
 * the test which ours has to pass is seen to fail on it. Ids as in the list of its holes.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** A1. Actions are found in the plan's prose. */
export const scrapeActions = (note: string): string[] =>
  [...note.matchAll(/^- \[ \] (send|pay|post|delete)\b.*$/gim)].map(([line]) => line);

/** A2, A3, A4. An approval is a file; where it lies says what was decided, and what it says is done. */
export function approvalFolders() {
  const files = new Map<string, { folder: string; text: string }>();
  const sent: string[] = [];
  return {
    ask(id: string, action: string, expires: Date): void {
      files.set(id, { folder: 'Pending_Approval', text: `action: ${action}\nexpires: ${expires.toISOString()}` });
    },
    write(id: string, change: (text: string) => string): void {
      const file = files.get(id);
      if (file) file.text = change(file.text);
    },
    /** Nobody is asked who they are. */
    move(id: string, folder: string): void {
      const file = files.get(id);
      if (file) file.folder = folder;
    },
    /** What lies in `Approved/` is read again and done; `expires` is for the reader. */
    execute(): string[] {
      for (const { folder, text } of files.values()) if (folder === 'Approved') sent.push(/action: (.*)/.exec(text)?.[1] ?? '');
      return sent;
    },
  };
}

/** A5. Acts first and remembers later; what is remembered is a path. */
export function actThenRemember() {
  const processed = new Set<string>();
  return (path: string, act: () => void, isKilled: boolean): void => {
    if (processed.has(path)) return;
    act();
    if (!isKilled) processed.add(path);
  };
}

/** A6. A failure is caught, and the file goes where the done ones lie. */
export function executeAndArchive(call: () => { success: boolean; status: number }): string {
  try {
    if (call().success) return 'executed';
  } catch {
    // Logged at debug level.
  }
  return 'executed';
}

/** A7. Paying is a line in the log. */
export const payWithoutConnector = (log: string[]): string => {
  log.push('payment executed');
  return 'executed';
};

/** A8. One key for all, and the tenant is whoever the address says. */
export function serveAnyTenant(tasks: ReadonlyMap<string, string>) {
  const apiKey = 'the-one-key';
  return { apiKey, get: (key: string, tenant: string): number => (key === apiKey && tasks.has(tenant) ? 200 : 403) };
}

/** A9. Without a key, one is made up from what everybody knows. */
export const keyFor = (tenant: string, configured?: string): Buffer =>
  createHash('sha256')
    .update(configured ?? `default-key-${tenant}`)
    .digest();

/** A10. Each day is a chain of its own, from the same beginning. */
export interface DayEntry {
  readonly day: string;
  readonly text: string;
  readonly hash: string;
}
export function writeDays(days: Readonly<Record<string, readonly string[]>>): DayEntry[] {
  return Object.entries(days).flatMap(([day, texts]) => {
    let last = 'genesis';
    return texts.map((text) => {
      last = createHash('sha256').update(last).update(text).digest('hex');
      return { day, text, hash: last };
    });
  });
}
export function verifyDays(entries: readonly DayEntry[]): boolean {
  const last = new Map<string, string>();
  return entries.every(({ day, text, hash }) => {
    const expected = createHash('sha256')
      .update(last.get(day) ?? 'genesis')
      .update(text)
      .digest('hex');
    last.set(day, hash);
    return hash === expected;
  });
}

/** A11. A log that cannot be read is an empty log. */
export function appendToLog(file: { text: string }, entry: string): void {
  let entries: string[];
  try {
    entries = JSON.parse(file.text);
  } catch {
    entries = [];
  }
  file.text = JSON.stringify([...entries, entry]);
}

/** A12. The path comes from the client. */
export const pathInVault = (root: string, path: string): string => join(root, decodeURIComponent(path));

/** A13. What kind of action it is, is what the text mentions; what is of no kind is archived like the rest. */
export function executeByMention(text: string): { kind: string; outcome: string } {
  const kinds = ['payment', 'email', 'social'];
  const kind = kinds.find((word) => text.toLowerCase().includes(word)) ?? 'unknown';
  if (kind === 'unknown') console.warn('no handler for this action');
  return { kind, outcome: 'done' };
}

/** A14. What has been in progress for a day goes back to be done, whatever was done of it. */
export function returnStale(claims: { claimedAt: Date; folder: string }[], now: Date): void {
  for (const claim of claims)
    if (claim.folder === 'In_Progress' && now.getTime() - claim.claimedAt.getTime() > 24 * 3_600_000) claim.folder = 'Needs_Action';
}
