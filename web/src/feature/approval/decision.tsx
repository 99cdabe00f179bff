import { Check, MessageCircleQuestionMark, Pencil, X } from 'lucide-react';
import { useState } from 'react';
import { text } from '#text/common.ts';
import { isApiError } from '../../api/client.ts';
import type { Approval, Decision } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { useSignedIn } from '../session/session.ts';
import { AskDialog, ConfirmDialog, RejectDialog } from './dialogs.tsx';
import { EditDialog } from './edit-dialog.tsx';
import { type DecisionConflict, needsConfirmation, useDecide } from './queries.ts';

interface DecisionButtonsProps {
  approval: Approval;
  /** A row shows only the two main answers. */
  place: 'row' | 'page';
  onConflict?: (conflict: DecisionConflict) => void;
}

/** The answers to an approval, with the dialogs they open. Absent for somebody who may not decide. */
export function DecisionButtons({ approval, place, onConflict }: DecisionButtonsProps) {
  const mayDecide = useSignedIn().permissions.includes('approval:decide');
  const [dialog, setDialog] = useState<'confirm' | 'reject' | 'ask' | 'edit' | null>(null);
  const decide = useDecide(approval, onConflict);
  if (!mayDecide) return null;

  const isBusy = decide.isPending;
  const onClose = () => setDialog(null);
  // After a failure the dialog stays, with what was typed; a conflict is told on the page.
  const onError = (error: unknown) => {
    if (isApiError(error) && error.status === 409) onClose();
  };
  const onDecide = (decision: Decision) => decide.mutate(decision, { onSuccess: onClose, onError });
  const approve = () => {
    if (needsConfirmation(approval)) setDialog('confirm');
    else onDecide({ decision: 'accept', payloadHash: approval.payloadHash });
  };
  const dialogProps = { approval, isBusy, onClose, onDecide };
  const isPage = place === 'page';
  const size = isPage ? 'normal' : 'small';
  const wide = cx(isPage ? 'flex-1 max-sm:px-2! lg:w-full lg:flex-none lg:justify-between' : 'max-sm:flex-1');
  return (
    <>
      <Button
        look={isPage ? 'primary' : 'plain'}
        size={size}
        shortcut="a"
        showShortcut={isPage}
        disabled={isBusy}
        aria-label={text.approval.approveLabel(approval.headline)}
        className={wide}
        onClick={approve}
      >
        <span className="flex items-center gap-1.5">
          <Check size={14} aria-hidden="true" />
          {text.approval.approve}
        </span>
      </Button>
      <Button
        look={isPage ? 'plain' : 'quiet'}
        size={size}
        shortcut="r"
        showShortcut={isPage}
        disabled={isBusy}
        aria-label={text.approval.rejectLabel(approval.headline)}
        className={wide}
        onClick={() => setDialog('reject')}
      >
        <span className="flex items-center gap-1.5">
          {isPage && <X size={14} aria-hidden="true" />}
          {text.approval.reject}
        </span>
      </Button>
      {isPage && (
        <>
          <Button
            look="quiet"
            shortcut="e"
            showShortcut
            disabled={isBusy}
            className="lg:w-full lg:justify-between touch:px-3"
            onClick={() => setDialog('edit')}
          >
            <span className="flex items-center gap-1.5">
              <Pencil size={14} aria-hidden="true" />
              <span className="max-sm:sr-only">{text.approval.edit}</span>
            </span>
          </Button>
          <Button look="quiet" disabled={isBusy} className="lg:w-full lg:justify-between touch:px-3" onClick={() => setDialog('ask')}>
            <span className="flex items-center gap-1.5">
              <MessageCircleQuestionMark size={14} aria-hidden="true" />
              <span className="max-sm:sr-only">{text.approval.ask}</span>
            </span>
          </Button>
        </>
      )}
      {dialog === 'confirm' && <ConfirmDialog {...dialogProps} />}
      {dialog === 'reject' && <RejectDialog {...dialogProps} />}
      {dialog === 'ask' && <AskDialog {...dialogProps} />}
      {dialog === 'edit' && <EditDialog {...dialogProps} />}
    </>
  );
}
