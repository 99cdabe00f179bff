import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Download, ShieldAlert, ShieldCheck } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { auditText } from '#text/audit.ts';
import { text } from '#text/work.ts';
import type { AuditEntry, EntryProof } from '../../api/types.ts';
import { formatCount } from '../../format.ts';
import { proofFile } from '../../proof/verify.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Id } from '../../ui/id.tsx';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { useSignedIn } from '../session/session.ts';
import { proofQuery } from './queries.ts';

/** Everything that proves one entry, and the button that checks it here. */
export function ProofPanel({ entry }: { entry: AuditEntry }) {
  const me = useSignedIn();
  const [isAsked, setAsked] = useState(false);
  const checked = useQuery(proofQuery(me.tenant.id, entry.seq));
  const verify = () => {
    setAsked(true);
    void checked.refetch();
  };
  if (checked.error) return <ErrorBox error={checked.error} onRetry={checked.refetch} />;
  if (!checked.data) return <Skeleton rows={2} />;
  const { proof, result } = checked.data;
  return (
    <div className="border-line border-t bg-bg px-4 py-4">
      <div className="flex flex-wrap items-center gap-2" role="status">
        <Button onClick={verify} disabled={checked.isFetching}>
          <ShieldCheck size={14} aria-hidden="true" />
          {auditText.verify}
        </Button>
        <Button look="quiet" onClick={() => download(proof)}>
          <Download size={14} aria-hidden="true" />
          {auditText.download}
        </Button>
        {entry.taskId && (
          <Link to="/tasks/$taskId" params={{ taskId: entry.taskId }} className={buttonClass('quiet')}>
            {text.inbox.openTask}
          </Link>
        )}
        {isAsked && !checked.isFetching && (
          <p className={`flex basis-full items-start gap-1.5 ${result.kind === 'verified' ? 'text-good' : 'text-bad'}`}>
            {result.kind === 'verified' ? (
              <ShieldCheck size={15} aria-hidden="true" className="mt-0.5 shrink-0" />
            ) : (
              <ShieldAlert size={15} aria-hidden="true" className="mt-0.5 shrink-0" />
            )}
            {result.kind === 'verified' ? auditText.okLong(formatCount(result.size)) : auditText.faults[result.fault]}
          </p>
        )}
      </div>
      <dl className="mt-3 grid gap-x-4 gap-y-1.5 sm:grid-cols-[7.5rem_minmax(0,1fr)]">
        <Item title={auditText.leaf}>
          <Id value={proof.leafHash} shown={proof.leafHash} />
        </Item>
        <Item title={auditText.path}>
          <details>
            <summary className="inline-flex min-h-6 items-center font-mono text-muted text-note hover:text-ink">
              {auditText.pathCount(proof.hashes.length)}
            </summary>
            <ol className="list-decimal pl-5 text-muted text-note">
              {proof.hashes.map((hash) => (
                <li key={hash} className="break-all font-mono">
                  {hash}
                </li>
              ))}
            </ol>
          </details>
        </Item>
        <Item title={auditText.checkpoint}>
          <Code label={auditText.checkpoint}>{proof.checkpoint.trim()}</Code>
        </Item>
        <Item title={auditText.key}>
          <Id value={proof.verifierKey} shown={proof.verifierKey} />
        </Item>
        <Item title={auditText.body}>
          <Code label={auditText.body}>{pretty(proof.body)}</Code>
        </Item>
      </dl>
    </div>
  );
}

function Item({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <dt className="pt-0.5 text-muted">{title}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function Code({ label, children }: { label: string; children: string }) {
  return (
    <ScrollBox label={label} className="max-h-64 whitespace-pre-wrap break-all rounded-control bg-hover p-2 font-mono text-note">
      {children}
    </ScrollBox>
  );
}

function pretty(body: string): string {
  try {
    return text.json(JSON.parse(body));
  } catch {
    return body; // Not JSON: shown as it was hashed.
  }
}

function download(proof: EntryProof): void {
  const url = URL.createObjectURL(new Blob([proofFile(proof)], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `audit-entry-${proof.seq}.tlog-proof`;
  link.click();
  URL.revokeObjectURL(url);
}
