import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { auditText } from '#text/audit.ts';
import { text } from '#text/work.ts';
import type { Approval } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { linkClass } from '../../ui/link.ts';
import { useSignedIn } from '../session/session.ts';
import { decisionEntryQuery, proofQuery } from './queries.ts';

/** "entry n of the audit log, verified": found, fetched and checked in this browser. */
export function DecisionProof({ approval }: { approval: Approval }) {
  const entry = useQuery(decisionEntryQuery(approval));
  if (entry.error) return <span className="text-bad">{describeError(entry.error)}</span>;
  if (entry.data === undefined || entry.data === null) return <span className="text-muted">{text.approval.proofWaiting}</span>;
  return <VerifiedEntry seq={entry.data} />;
}

function VerifiedEntry({ seq }: { seq: number }) {
  const me = useSignedIn();
  const checked = useQuery(proofQuery(me.tenant.id, seq));
  const result = checked.data?.result;
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
      {result?.kind === 'verified' && <ShieldCheck size={15} aria-hidden="true" className="text-good" />}
      {result?.kind === 'fault' && <ShieldAlert size={15} aria-hidden="true" className="text-bad" />}
      <span>
        <Link to="/audit" search={{ entry: seq }} className={linkClass}>
          {auditText.ofLog(seq)}
        </Link>
        {result?.kind === 'verified' && <span className="text-good">, {auditText.ok}</span>}
        {result?.kind === 'fault' && (
          <span className="text-bad">
            , {auditText.notVerified}: {auditText.faults[result.fault]}
          </span>
        )}
        {checked.error && <span className="text-bad">: {describeError(checked.error)}</span>}
      </span>
      {checked.data && (
        <Button
          look="quiet"
          size="small"
          className="max-sm:-my-1.5 max-sm:-ml-4"
          disabled={checked.isFetching}
          onClick={() => void checked.refetch()}
        >
          {auditText.verifyShort}
        </Button>
      )}
    </div>
  );
}
