import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { text } from '#text/work.ts';
import { shortId } from '../format.ts';

/** An id or hash in mono, shortened for the eye, copied whole by a press. */
export function Id({ value, shown }: { value: string; shown?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button
      type="button"
      onClick={() => void copy()}
      title={value}
      aria-label={`${isCopied ? text.common.copied : text.common.copy} ${value}`}
      className="group inline-flex min-h-6 max-w-full items-center gap-1 rounded font-mono text-muted text-note hover:text-ink"
    >
      <span className="truncate">{shown ?? shortId(value)}</span>
      {isCopied ? <Check size={12} className="text-good" /> : <Copy size={12} className="opacity-60 group-hover:opacity-100" />}
    </button>
  );
}
