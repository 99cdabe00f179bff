import { Download } from 'lucide-react';
import { useState } from 'react';
import { peopleText } from '#text/people.ts';
import { text } from '#text/work.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';

const words = peopleText.account;

/** The codes, once. The dialog closes only by saying that they are saved. */
export function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const [isCopied, setCopied] = useState(false);
  const all = codes.join('\n');
  const copy = async () => {
    await navigator.clipboard.writeText(all);
    setCopied(true);
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={words.recoveryTitle}
      footer={
        <Button look="primary" onClick={onClose}>
          {words.recoveryDone}
        </Button>
      }
    >
      <DialogBody>
        <p className="mb-3 text-muted">{words.recoveryText}</p>
        <ul className="mb-3 grid grid-cols-2 gap-x-4 gap-y-1 rounded-control bg-hover p-3 font-mono">
          {codes.map((code) => (
            <li key={code} className="break-all">
              {code}
            </li>
          ))}
        </ul>
        <div className="flex flex-wrap gap-2">
          <Button onClick={() => save(all)}>
            <Download size={14} aria-hidden="true" />
            {words.recoveryDownload}
          </Button>
          <Button look="quiet" onClick={() => void copy()}>
            {isCopied ? text.common.copied : words.recoveryCopy}
          </Button>
        </div>
      </DialogBody>
    </Dialog>
  );
}

function save(content: string): void {
  const url = URL.createObjectURL(new Blob([`${content}\n`], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = words.recoveryFile;
  link.click();
  URL.revokeObjectURL(url);
}
