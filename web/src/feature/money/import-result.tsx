import { moneyText } from '#text/money.ts';
import type { LedgerImport } from '../../api/ledger.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';

const words = moneyText;
/** More lines say nothing new. */
const linesMax = 20;

/** What became of a bank file. */
export function ImportResult({ imported, onClose }: { imported: LedgerImport; onClose: () => void }) {
  const { added, known, unreadable, notices } = imported;
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={words.importedTitle}
      footer={
        <Button look="primary" onClick={onClose}>
          {words.done}
        </Button>
      }
    >
      <DialogBody>
        <p role="status">{words.imported(added, known)}.</p>
        {notices.map(({ code, text }) => (
          <p key={`${code} ${text}`} className="mt-2 text-warn">
            {text}
          </p>
        ))}
        {unreadable.length > 0 && (
          <>
            <p className="mt-2 text-warn">{words.unreadable(unreadable.length)}</p>
            <ul className="text-muted text-note">
              {unreadable.slice(0, linesMax).map(({ line, why }) => (
                <li key={line}>
                  <ForeignLine value={words.line(line, why)} />
                </li>
              ))}
            </ul>
          </>
        )}
      </DialogBody>
    </Dialog>
  );
}
