import type { Approval, Decision } from '../../api/types.ts';
import type { Asked } from './decision.tsx';
import { DelegateDialog } from './delegate-dialog.tsx';
import { AskDialog, ConfirmDialog, RejectDialog } from './dialogs.tsx';
import { EditDialog } from './edit-dialog.tsx';
import { MoreDialog } from './more-dialog.tsx';
import { SnoozeDialog } from './snooze-dialog.tsx';

interface DecisionDialogProps {
  asked: Asked;
  approval: Approval;
  isBusy: boolean;
  onDecide: (decision: Decision) => void;
  onAsk: (asked: Asked) => void;
  onSnooze: () => void;
  onClose: () => void;
}

/** The dialog for what is asked about an approval. */
export default function DecisionDialog({ asked, onAsk, onSnooze, ...dialog }: DecisionDialogProps) {
  const { approval, onClose } = dialog;
  if (asked === 'confirm') return <ConfirmDialog {...dialog} />;
  if (asked === 'reject') return <RejectDialog {...dialog} />;
  if (asked === 'ask') return <AskDialog {...dialog} />;
  if (asked === 'edit') return <EditDialog {...dialog} />;
  if (asked === 'snooze') return <SnoozeDialog approval={approval} onClose={onClose} />;
  if (asked === 'delegate') return <DelegateDialog approval={approval} onClose={onClose} />;
  return <MoreDialog approval={approval} onAsk={onAsk} onSnooze={onSnooze} onClose={onClose} />;
}
