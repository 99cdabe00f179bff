import { ArrowUp } from 'lucide-react';
import { type RefObject, useEffect } from 'react';
import { text } from '#text/work.ts';
import { clearFresh, useFreshCount } from './store.ts';

/**
 * What is new for a list. When nobody is pointing at the list or standing in it, it is shown at once; otherwise a pill offers it, so that
 * no row moves under a finger.
 */
export function Fresh({ list, area, onShow }: { list: string; area: RefObject<HTMLElement | null>; onShow: () => unknown }) {
  const count = useFreshCount(list);
  useEffect(() => {
    if (count === 0 || isInUse(area.current)) return;
    clearFresh(list);
    void onShow();
  }, [count, list, area, onShow]);
  useEffect(() => () => clearFresh(list), [list]);
  if (count === 0) return null;
  return (
    <div className="sticky top-14 z-20 flex h-0 justify-center sm:top-3">
      <button
        type="button"
        aria-label={text.live.freshLabel(count)}
        onClick={() => {
          clearFresh(list);
          void onShow();
        }}
        className="flex h-7 items-center gap-1 rounded-full bg-accent px-3 font-medium text-accent-ink text-note shadow-float touch:h-9"
      >
        <ArrowUp size={13} aria-hidden="true" />
        {text.live.fresh(count)}
      </button>
    </div>
  );
}

const isInUse = (area: HTMLElement | null): boolean =>
  area !== null && (area.matches(':hover') || area.contains(document.activeElement) || window.scrollY > 80);
