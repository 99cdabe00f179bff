import type { ToolCatalogue } from '#flow/tool';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { readNote } from '#trust/vault';
import { checkPlaybook, type LineFault } from './check.ts';
import { selectUsage } from './store.ts';

/**
 * `off`: switched off by its author. `faulty`: it cannot be used as it is. `untrusted`: the version that is there was not written by a
 * member, so it does not count. `plain`: a note without front matter.
 */
export type PlaybookState = 'on' | 'off' | 'faulty' | 'untrusted' | 'plain';

/** A note in `Playbooks/`. */
export interface ListedPlaybook {
  readonly path: string;
  readonly title: string;
  readonly etag: string;
  readonly state: PlaybookState;
  readonly summary: string | null;
  readonly source: string | null;
  readonly kind: string | null;
  readonly priority: number;
  readonly tools: readonly string[];
  readonly faults: readonly LineFault[];
  readonly author: string;
  readonly updatedAt: Date;
  readonly usesIn30Days: number;
  readonly lastUsedAt: Date | null;
}

const dayMs = 86_400_000;

/** The playbooks at these paths as they are now, with how often each was used in the last 30 days. */
export async function listPlaybooks(
  { tx, keys, catalogue, now }: { tx: Tx; keys: TenantKeys; catalogue: ToolCatalogue; now: Date },
  paths: readonly string[],
): Promise<ListedPlaybook[]> {
  const read: Omit<ListedPlaybook, 'usesIn30Days' | 'lastUsedAt'>[] = [];
  for (const path of paths) {
    const note = await readNote(tx, keys, path);
    if (note === null) continue;
    const { title, faults, read: written } = checkPlaybook(note, catalogue);
    const isPlain = !/^\uFEFF?---/.test(note.content);
    read.push({
      path,
      title: isPlain ? nameOf(path) : title,
      etag: note.etag,
      state: stateOf({ isPlain, trusted: note.trusted, isOff: written?.enabled === false, isFaulty: faults.length > 0 }),
      summary: written?.summary ?? null,
      source: written?.when.source ?? null,
      kind: written?.when.kind ?? null,
      priority: written?.priority ?? 0,
      tools: [...new Set(written?.steps.map(({ tool }) => tool) ?? [])],
      faults: isPlain ? [] : faults,
      author: note.author,
      updatedAt: note.updatedAt,
    });
  }
  const titles = [...new Set(read.map(({ title }) => title))];
  const since = new Date(now.getTime() - 30 * dayMs);
  const usage = new Map((await selectUsage(tx, keys.tenantId, titles, since)).map((one) => [one.title, one]));
  return read.map((one) => {
    const used = usage.get(one.title);
    return { ...one, usesIn30Days: used?.uses ?? 0, lastUsedAt: used?.lastAt ?? null };
  });
}

function stateOf(note: { isPlain: boolean; trusted: boolean; isOff: boolean; isFaulty: boolean }): PlaybookState {
  if (note.isPlain) return 'plain';
  if (!note.trusted) return 'untrusted';
  if (note.isOff) return 'off';
  return note.isFaulty ? 'faulty' : 'on';
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1).replace(/\.md$/i, '');
