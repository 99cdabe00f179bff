import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get, post } from '../../api/client.ts';
import type { Approval, AuditEntry, EntryProof, LogReport, Page } from '../../api/types.ts';
import { pinKey, pinnedKey } from '../../proof/pin.ts';
import { type ProofResult, verifyEntry } from '../../proof/verify.ts';

const pageLimit = 50;
/** A task has a handful of entries (at most six for three steps); this many hold every sensible one. */
const taskEntriesLimit = 200;

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
    queryFn: async ({ signal }) => {
      const query = { taskId: approval.taskId, limit: taskEntriesLimit };
      const { items } = await get<Page<AuditEntry>>('/audit/entries', { query, signal });
      const kinds = ['approval.decided', 'approval.expired', 'approval.superseded'];
      return items.find((entry) => entry.objectId === approval.id && kinds.includes(entry.kind))?.seq ?? null;
    },
    // The sequencer numbers entries a moment after the decision.
    refetchInterval: ({ state }) => (state.data === null && state.dataUpdateCount < 60 ? 500 : false),
  });

/** Lets the server check its whole log. */
export const verifyLog = (): Promise<LogReport> => post<LogReport>('/audit/verify', {});
