import { settingsText } from '#text/settings.ts';
import type { InvitationSent } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';

const words = settingsText.members;

/** What became of an invitation: mailed, or a link to hand over, which is shown only now. */
export function SentDialog({ email, sent, onClose }: { email: string; sent: InvitationSent; onClose: () => void }) {
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={words.sentTitle}
      footer={
        <Button look="primary" onClick={onClose}>
          {words.done}
        </Button>
      }
    >
      <DialogBody>
        <p className="mb-3 text-muted" role="status">
          {sent.mailed ? words.mailed(email) : words.notMailed(email)}
        </p>
        {sent.url && <CopyValue label={words.link} value={sent.url} />}
      </DialogBody>
    </Dialog>
  );
}
