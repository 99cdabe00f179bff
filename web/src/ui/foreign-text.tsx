import { useMemo, useState } from 'react';
import { text } from '#text/work.ts';
import { formatCount } from '../format.ts';
import { cx } from './cx.ts';
import { reveal } from './reveal.ts';

/** More is not put on the screen at once, however much a stranger sends. */
const charactersMax = 200_000;

/**
 * Text that somebody outside can have written. It is only ever text: isolated in its direction, hidden characters drawn as marks,
 * look-alike letters underlined, long text cut until asked for.
 */
export function ForeignText({ value, cutAt = 600, block = false }: { value: string; cutAt?: number; block?: boolean }) {
  const [isWhole, setWhole] = useState(false);
  const isLong = value.length > cutAt;
  const shown = isLong && !isWhole ? `${value.slice(0, cutAt)}…` : value.slice(0, charactersMax);
  return (
    <>
      <bdi className={cx('wrap-anywhere', block ? 'block whitespace-pre-wrap' : 'inline')}>
        <Revealed value={shown} />
      </bdi>
      {isLong && (
        <button type="button" onClick={() => setWhole(!isWhole)} className="ml-1 min-h-6 font-medium text-accent hover:underline">
          {isWhole ? text.common.showLess : text.common.showAll(formatCount(value.length))}
        </button>
      )}
    </>
  );
}

/** A short foreign text: its container cuts it to a line, or lets it wrap. */
export function ForeignLine({ value }: { value: string }) {
  return (
    <bdi className="wrap-anywhere">
      <Revealed value={value.slice(0, 400)} />
    </bdi>
  );
}

function Revealed({ value }: { value: string }) {
  const segments = useMemo(() => reveal(value), [value]);
  return segments.map((segment, i) => {
    if (segment.kind === 'plain') return segment.text;
    if (segment.kind !== 'hidden') {
      return (
        // biome-ignore lint/suspicious/noArrayIndexKey: segments are computed anew for each text and never reordered
        <mark key={i} title={text.hidden.lookAlike} className="rounded-xs bg-warn-soft text-warn underline decoration-wavy">
          {segment.text}
        </mark>
      );
    }
    const name = segment.count > 1 ? `${segment.name} ×${segment.count}` : segment.name;
    return (
      <mark
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        key={i}
        title={text.hidden.mark(name)}
        className="mx-0.5 rounded-xs bg-bad-soft px-0.5 font-mono text-[0.85em] text-bad ring-1 ring-bad/30"
      >
        {name}
      </mark>
    );
  });
}
