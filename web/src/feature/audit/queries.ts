import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get, post } from '../../api/client.ts';
import type { Approval, AuditEntry, EntryProof, LogReport, Page } from '../../api/types.ts';
import { pinKey, pinnedKey } from '../../proof/pin.ts';
import { type ProofResult, verifyEntry } from '../../proof/verify.ts';

const pageLimit = 50;
/** The most that the server gives at once, and how often it is asked before a decision counts as not found. */
const entriesMax = 200;
const pagesMax = 20;

/** Audit entries, newest first, of the whole tenant or of one task. */
export const entriesQuery = (taskId: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['audit', 'entries', taskId ?? ''],
    queryFn: async ({ pageParam, signal }) => {
      const query = { taskId, before: pageParam, limit: pageLimit };
      const page = await get<Page<AuditEntry>>('/audit/entries', { query, signal });
      return page.items.toSorted((a, b) => b.seq - a.seq);
    },
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => (page.length < pageLimit ? undefined : page.at(-1)?.seq),
  });

/** One entry by its number; null when the log is shorter. */
export const entryQuery = (seq: number) =>
  queryOptions({
    queryKey: ['audit', 'entry', seq],
    queryFn: async ({ signal }) => {
      const { items } = await get<Page<AuditEntry>>('/audit/entries', { query: { before: seq + 1, limit: 1 }, signal });
      return items.find((entry) => entry.seq === seq) ?? null;
    },
  });

/** The proof of one entry, and what this browser makes of it. */
export const proofQuery = (tenantId: string, seq: number) =>
  queryOptions({
    queryKey: ['audit', 'proof', seq],
    queryFn: ({ signal }) => fetchProof(tenantId, seq, signal),
  });

async function fetchProof(tenantId: string, seq: number, signal: AbortSignal): Promise<{ proof: EntryProof; result: ProofResult }> {
  const proof = await get<EntryProof>(`/audit/entries/${seq}/proof`, { signal });
  const result = await verifyEntry(proof, pinnedKey(tenantId));
  if (result.kind === 'verified') pinKey(tenantId, proof.verifierKey);
  return { proof, result };
}

/** The sequence number of the entry that records an approval's end, or null while the log has not numbered it yet. */
export const decisionEntryQuery = (approval: Approval) =>
  queryOptions({
    queryKey: ['audit', 'decision', approval.id, approval.state],
    queryFn: ({ signal }) => findDecision(approval, signal),
    // The sequencer numbers entries a moment after the decision.
    refetchInterval: ({ state }) => (state.data === null && state.dataUpdateCount < 60 ? 500 : false),
  });

const endings = ['approval.decided', 'approval.expired', 'approval.superseded'];

/** Reading is logged as well, so behind a much-read task the decision is some pages back. */
async function findDecision(approval: Approval, signal: AbortSignal): Promise<number | null> {
  let before: number | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const query = { taskId: approval.taskId, limit: entriesMax, before };
    const { items } = await get<Page<AuditEntry>>('/audit/entries', { query, signal });
    const found = items.find((entry) => entry.objectId === approval.id && endings.includes(entry.kind));
    if (found) return found.seq;
    before = items.at(-1)?.seq;
    if (items.length < entriesMax) return null;
  }
  return null;
}

/** Lets the server check its whole log. */
export const verifyLog = (): Promise<LogReport> => post<LogReport>('/audit/verify', {});
