import { useQueryClient } from '@tanstack/react-query';
import { AlarmClock, AlarmClockOff, Check, Ellipsis, MessageCircleQuestionMark, Pencil, UserRoundPlus, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { inboxText } from '#text/inbox.ts';
import { text } from '#text/work.ts';
import { isApiError } from '../../api/client.ts';
import type { Approval, Decision } from '../../api/types.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { later } from '../../ui/later.tsx';
import { useSignedIn } from '../session/session.ts';
import { accept, type DecisionConflict, useDecide } from './decide.ts';
import { needsConfirmation } from './queries.ts';
import { wakeAgain } from './snooze.ts';

/** What can be asked about an approval in a dialog. */
export type Asked = 'confirm' | 'reject' | 'ask' | 'edit' | 'snooze' | 'delegate' | 'more';

/** The dialogs of a decision; whoever comes near a button has them loaded. */
export const DecisionDialog = later(() => import('./decision-dialog.tsx'));

interface DecisionButtonsProps {
  approval: Approval;
  /** A row shows only the two main answers, and the others to a pointer that is over it: over its text, so that they take no room of it. */
  place: 'row' | 'page';
  onConflict?: (conflict: DecisionConflict) => void;
}

/** The answers to an approval, with the dialogs they open. Absent for somebody who may not decide. */
export function DecisionButtons({ approval, place, onConflict }: DecisionButtonsProps) {
  const mayDecide = useSignedIn().permissions.includes('approval:decide');
  const [asked, setAsked] = useState<Asked | null>(null);
  const decide = useDecide(approval, onConflict);
  const client = useQueryClient();
  if (!mayDecide) return null;

  const isBusy = decide.isPending;
  const onClose = () => setAsked(null);
  // After a failure the dialog stays, with what was typed; a conflict is told on the page.
  const onError = (error: unknown) => {
    if (isApiError(error) && error.status === 409) onClose();
  };
  const onDecide = (decision: Decision) => decide.mutate(decision, { onSuccess: onClose, onError });
  const approve = () => {
    if (needsConfirmation(approval)) setAsked('confirm');
    else onDecide(accept(approval));
  };
  const onSnooze = () => (approval.snoozedUntil === null ? setAsked('snooze') : void wakeAgain(client, approval));
  const buttons: ButtonsProps = { approval, isBusy, approve, onAsk: setAsked, onSnooze };
  return (
    <>
      {place === 'page' ? <PageButtons {...buttons} /> : <RowButtons {...buttons} />}
      {asked !== null && <DecisionDialog {...{ asked, approval, isBusy, onDecide, onClose, onSnooze }} onAsk={setAsked} />}
    </>
  );
}

interface ButtonsProps {
  approval: Approval;
  isBusy: boolean;
  approve: () => void;
  onAsk: (asked: Asked) => void;
  onSnooze: () => void;
}

function RowButtons({ approval, isBusy, approve, onAsk, onSnooze }: ButtonsProps) {
  const { headline, quorum, snoozedUntil } = approval;
  return (
    <>
      <span className="flex items-center gap-1.5 bg-hover opacity-0 focus-within:opacity-100 group-focus-within:opacity-100 group-hover:opacity-100 touch:hidden md:absolute md:-inset-y-2.5 md:right-full md:pr-1.5 md:pl-2">
        <IconButton
          label={snoozedUntil === null ? inboxText.snoozeLabel(headline) : inboxText.wakeLabel(headline)}
          title={snoozedUntil === null ? inboxText.snooze : inboxText.wake}
          shortcut="s"
          disabled={isBusy}
          onClick={onSnooze}
        >
          {snoozedUntil === null ? <AlarmClock size={15} aria-hidden="true" /> : <AlarmClockOff size={15} aria-hidden="true" />}
        </IconButton>
        <IconButton
          label={inboxText.delegateLabel(headline)}
          title={inboxText.delegate}
          shortcut="d"
          disabled={isBusy}
          onClick={() => onAsk('delegate')}
        >
          <UserRoundPlus size={15} aria-hidden="true" />
        </IconButton>
        {!quorum.mineGiven && (
          <IconButton
            label={inboxText.editLabel(headline)}
            title={text.approval.edit}
            shortcut="e"
            disabled={isBusy}
            onClick={() => onAsk('edit')}
          >
            <Pencil size={15} aria-hidden="true" />
          </IconButton>
        )}
      </span>
      {quorum.mineGiven ? (
        <span className="text-muted text-note max-md:flex-1">{inboxText.voted(quorum.needed - quorum.given.length)}</span>
      ) : (
        <>
          <Button
            size="small"
            shortcut="a"
            disabled={isBusy}
            aria-label={text.approval.approveLabel(headline)}
            className="max-md:flex-1"
            onClick={approve}
          >
            <Word icon={<Check size={14} aria-hidden="true" />}>{text.approval.approve}</Word>
          </Button>
          <Button
            look="quiet"
            size="small"
            shortcut="r"
            disabled={isBusy}
            aria-label={text.approval.rejectLabel(headline)}
            className="max-md:flex-1"
            onClick={() => onAsk('reject')}
          >
            {text.approval.reject}
          </Button>
        </>
      )}
      <IconButton label={inboxText.more(headline)} disabled={isBusy} className="hidden! touch:inline-flex!" onClick={() => onAsk('more')}>
        <Ellipsis size={18} aria-hidden="true" />
      </IconButton>
    </>
  );
}

function PageButtons({ approval, isBusy, approve, onAsk, onSnooze }: ButtonsProps) {
  const { headline, quorum, snoozedUntil } = approval;
  const main = 'flex-1 max-sm:px-2! lg:w-full lg:flex-none lg:justify-between';
  // Between phone and desk there is room for their signs alone.
  const second = 'max-sm:hidden! max-lg:px-2! lg:w-full lg:justify-between';
  return (
    <>
      {!quorum.mineGiven && (
        <>
          <Button
            look="primary"
            shortcut="a"
            showShortcut
            disabled={isBusy}
            aria-label={text.approval.approveLabel(headline)}
            className={main}
            onClick={approve}
          >
            <Word icon={<Check size={14} aria-hidden="true" />}>{text.approval.approve}</Word>
          </Button>
          <Button
            shortcut="r"
            showShortcut
            disabled={isBusy}
            aria-label={text.approval.rejectLabel(headline)}
            className={main}
            onClick={() => onAsk('reject')}
          >
            <Word icon={<X size={14} aria-hidden="true" />}>{text.approval.reject}</Word>
          </Button>
          <Button look="quiet" shortcut="e" showShortcut disabled={isBusy} className={second} onClick={() => onAsk('edit')}>
            <Word icon={<Pencil size={14} aria-hidden="true" />} isSecond>
              {text.approval.edit}
            </Word>
          </Button>
          <Button look="quiet" disabled={isBusy} className={second} onClick={() => onAsk('ask')}>
            <Word icon={<MessageCircleQuestionMark size={14} aria-hidden="true" />} isSecond>
              {text.approval.ask}
            </Word>
          </Button>
        </>
      )}
      <Button look="quiet" shortcut="s" showShortcut disabled={isBusy} className={second} onClick={onSnooze}>
        {snoozedUntil === null ? (
          <Word icon={<AlarmClock size={14} aria-hidden="true" />} isSecond>
            {inboxText.snooze}
          </Word>
        ) : (
          <Word icon={<AlarmClockOff size={14} aria-hidden="true" />} isSecond>
            {inboxText.wake}
          </Word>
        )}
      </Button>
      <Button look="quiet" shortcut="d" showShortcut disabled={isBusy} className={second} onClick={() => onAsk('delegate')}>
        <Word icon={<UserRoundPlus size={14} aria-hidden="true" />} isSecond>
          {inboxText.delegate}
        </Word>
      </Button>
      <IconButton label={inboxText.more(headline)} disabled={isBusy} className="sm:hidden" onClick={() => onAsk('more')}>
        <Ellipsis size={18} aria-hidden="true" />
      </IconButton>
    </>
  );
}

const Word = ({ icon, isSecond = false, children }: { icon: ReactNode; isSecond?: boolean; children: ReactNode }) => (
  <span className="flex items-center gap-1.5">
    {icon}
    <span className={isSecond ? 'max-lg:sr-only' : undefined}>{children}</span>
  </span>
);
