import { AlarmClock, AlarmClockOff, MessageCircleQuestionMark, Pencil, UserRoundPlus } from 'lucide-react';
import type { ReactNode } from 'react';
import { approvalsText } from '#text/approvals.ts';
import { inboxText } from '#text/inbox.ts';
import { text } from '#text/work.ts';
import type { Approval } from '../../api/types.ts';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import type { Asked } from './decision.tsx';

interface MoreDialogProps {
  approval: Approval;
  onAsk: (asked: Asked) => void;
  onSnooze: () => void;
  onClose: () => void;
}

/** The answers beside yes and no, as a sheet under the thumb. */
export function MoreDialog({ approval, onAsk, onSnooze, onClose }: MoreDialogProps) {
  const isSnoozed = approval.snoozedUntil !== null;
  const wake = () => {
    onClose();
    onSnooze();
  };
  return (
    <Dialog isOpen onClose={onClose} title={approvalsText.more.title}>
      <DialogBody>
        <p className="mb-2 text-muted">
          <ForeignText value={approval.headline} cutAt={160} />
        </p>
        <ul className="-mx-2">
          {!approval.quorum.mineGiven && (
            <>
              <Choice icon={<Pencil size={17} />} onChoose={() => onAsk('edit')}>
                {text.approval.editTitle}
              </Choice>
              <Choice icon={<MessageCircleQuestionMark size={17} />} onChoose={() => onAsk('ask')}>
                {text.approval.ask}
              </Choice>
            </>
          )}
          {isSnoozed ? (
            <Choice icon={<AlarmClockOff size={17} />} onChoose={wake}>
              {inboxText.wake}
            </Choice>
          ) : (
            <Choice icon={<AlarmClock size={17} />} onChoose={onSnooze}>
              {inboxText.snooze}
            </Choice>
          )}
          <Choice icon={<UserRoundPlus size={17} />} onChoose={() => onAsk('delegate')}>
            {inboxText.delegate}
          </Choice>
        </ul>
      </DialogBody>
    </Dialog>
  );
}

function Choice({ icon, onChoose, children }: { icon: ReactNode; onChoose: () => void; children: ReactNode }) {
  return (
    <li>
      <button
        type="button"
        onClick={onChoose}
        className="flex h-10 w-full items-center gap-3 rounded-control px-2 text-left hover:bg-hover touch:h-12"
      >
        <span aria-hidden="true" className="text-muted">
          {icon}
        </span>
        {children}
      </button>
    </li>
  );
}
