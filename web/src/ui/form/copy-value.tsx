import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { text } from '#text/work.ts';
import { Button } from '../button.tsx';

interface CopyValueProps {
  label: string;
  value: string;
  help?: string;
}

/** A value that has to go somewhere else whole: shown in full, copied by a press. */
export function CopyValue({ label, value, help }: CopyValueProps) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div className="mb-4 last:mb-0">
      <p className="mb-1 font-medium">{label}</p>
      <div className="flex items-center gap-2 rounded-control bg-hover py-1 pr-1 pl-2.5">
        <code className="min-w-0 flex-1 break-all font-mono text-note">{value}</code>
        <Button size="small" onClick={() => void copy()} aria-label={`${isCopied ? text.common.copied : text.common.copy}: ${label}`}>
          {isCopied ? <Check size={13} aria-hidden="true" className="text-good" /> : <Copy size={13} aria-hidden="true" />}
          {isCopied ? text.common.copied : text.common.copy}
        </Button>
      </div>
      {help && <p className="mt-1 text-muted text-note">{help}</p>}
    </div>
  );
}
