import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ShieldAlert, ShieldCheck, ShieldQuestionMark } from 'lucide-react';
import { auditText } from '#text/audit.ts';
import { text } from '#text/work.ts';
import type { LogReport } from '../../api/types.ts';
import { formatCount, formatRelative } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { useNow } from '../../ui/use-now.ts';
import { verifyLog } from './queries.ts';

const reportKey = ['audit-report'];

/** The state of the whole log; a failure is red and stays. */
export function LogBanner() {
  const client = useQueryClient();
  const now = useNow(30_000);
  // Only ever set by the mutation: the last report of this visit.
  const report = useQuery<LogReport | null>({ queryKey: reportKey, queryFn: () => null, staleTime: Number.POSITIVE_INFINITY }).data;
  const verify = useMutation({ mutationFn: verifyLog, onSuccess: (fresh) => client.setQueryData(reportKey, fresh) });
  const isBroken = report?.ok === false;
  return (
    <div
      className={`mb-5 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-card border px-4 py-3 ${isBroken ? 'border-bad/30 bg-bad-soft' : report ? 'border-good/30 bg-good-soft' : 'border-line bg-panel'}`}
    >
      {isBroken ? (
        <ShieldAlert size={18} aria-hidden="true" className="text-bad" />
      ) : report ? (
        <ShieldCheck size={18} aria-hidden="true" className="text-good" />
      ) : (
        <ShieldQuestionMark size={18} aria-hidden="true" className="text-muted" />
      )}
      <div className="min-w-0 flex-1" role="status">
        <p className="font-medium">
          {isBroken && auditText.broken}
          {report?.ok && auditText.verified(formatCount(report.entries))}
          {!report && auditText.notYet}
        </p>
        {report && <p className="text-muted text-note">{auditText.verifiedAt(formatRelative(report.checkpointAt, now))}</p>}
        {isBroken && report.fault !== undefined && <p className="break-all font-mono text-note">{text.json(report.fault)}</p>}
        {verify.error && <p className="text-bad">{describeError(verify.error)}</p>}
      </div>
      <Button disabled={verify.isPending} onClick={() => verify.mutate()}>
        {verify.isPending ? auditText.verifying : auditText.verifyLog}
      </Button>
    </div>
  );
}
