import { Fingerprint } from 'lucide-react';
import { type ReactNode, useId, useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import { text } from '#text/work.ts';
import type { Approval, Decision } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { TextArea } from '../../ui/field.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { accept, graceSeconds } from './decide.ts';
import { FieldList } from './field-list.tsx';
import { RiskBadge } from './risk.tsx';
import { Differences } from './source.tsx';

const words = approvalsText.confirm;

const missingAfterMine = ({ quorum }: Approval) => Math.max(0, quorum.needed - quorum.given.length - 1);

interface DecisionDialogProps {
  approval: Approval;
  onDecide: (decision: Decision) => void;
  onClose: () => void;
  isBusy: boolean;
}

/** Repeats the whole effect of a risky action before it is approved. */
export function ConfirmDialog({ approval, onDecide, onClose, isBusy }: DecisionDialogProps) {
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={text.approval.confirmTitle}
      footer={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button look="primary" disabled={isBusy} onClick={() => onDecide(accept(approval))}>
            {text.approval.approveNow}
          </Button>
        </>
      }
    >
      <DialogBody>
        <p className="font-semibold text-lead">
          <ForeignText value={approval.headline} />
        </p>
        <div className="mt-1.5 mb-3 flex flex-wrap items-center gap-2">
          <RiskBadge risk={approval.risk} />
          <span className={approval.reversible ? 'text-muted' : 'font-medium text-bad'}>
            {approval.reversible ? text.approval.reversible : text.approval.irreversible}
          </span>
        </div>
        <div className="mb-3 overflow-hidden rounded-popup border border-line">
          <p className="flex flex-wrap gap-x-4 border-line border-b bg-bg px-4 py-2">
            <span className="w-28 text-muted">{words.tool}</span>
            <span className="min-w-0">{approval.toolTitle}</span>
          </p>
          <FieldList fields={approval.fields.filter((field) => field.role === 'steering')} compact />
        </div>
        <Differences approval={approval} />
        <p className="text-muted">{approval.consequence}</p>
        {approval.quorum.needed > 1 && <p className="mt-2 text-muted">{words.votes(missingAfterMine(approval))}</p>}
        {approval.stepUp && (
          <p className="mt-2 flex items-start gap-1.5 text-muted">
            <Fingerprint size={15} aria-hidden="true" className="mt-0.5 shrink-0" />
            {words.stepUp}
          </p>
        )}
      </DialogBody>
    </Dialog>
  );
}

/** Asks why not. */
export function RejectDialog({ approval, onDecide, ...rest }: DecisionDialogProps) {
  return (
    <CommentDialog
      {...rest}
      title={text.approval.rejectTitle}
      headline={approval.headline}
      label={text.approval.rejectReason}
      help={text.approval.rejectHelp}
      action={text.approval.rejectNow}
      onSend={(comment) => onDecide({ decision: 'reject', payloadHash: approval.payloadHash, comment, graceSeconds })}
    />
  );
}

/** Sends the planner back to work with a sentence. */
export function AskDialog({ approval, onDecide, ...rest }: DecisionDialogProps) {
  return (
    <CommentDialog
      {...rest}
      title={text.approval.askTitle}
      headline={approval.headline}
      label={text.approval.askLabel}
      help={text.approval.askHelp}
      action={text.approval.askNow}
      onSend={(comment) => onDecide({ decision: 'respond', payloadHash: approval.payloadHash, comment })}
    />
  );
}

interface CommentDialogProps {
  title: string;
  headline: string;
  label: string;
  help: ReactNode;
  action: string;
  isBusy: boolean;
  onSend: (comment: string) => void;
  onClose: () => void;
}

function CommentDialog({ title, headline, label, help, action, isBusy, onSend, onClose }: CommentDialogProps) {
  const [comment, setComment] = useState('');
  const [isMissing, setMissing] = useState(false);
  const formId = useId();
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button look="primary" type="submit" form={formId} disabled={isBusy}>
            {action}
          </Button>
        </>
      }
    >
      <DialogBody>
        <p className="mb-4 text-muted">
          <ForeignText value={headline} cutAt={200} />
        </p>
        <form
          id={formId}
          onSubmit={(event) => {
            event.preventDefault();
            if (comment.trim() === '') setMissing(true);
            else onSend(comment.trim());
          }}
        >
          <TextArea
            label={label}
            help={help}
            error={isMissing && comment.trim() === '' ? text.approval.required : null}
            value={comment}
            required
            autoFocus
            onChange={(event) => setComment(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) event.currentTarget.form?.requestSubmit();
            }}
          />
        </form>
      </DialogBody>
    </Dialog>
  );
}
