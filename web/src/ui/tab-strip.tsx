import { type ReactNode, useEffect, useRef } from 'react';
import { cx } from './cx.ts';

/** The classes of a link in a strip. The chosen one says so by `aria-current`. */
export const tabClass =
  'flex h-8 items-center rounded-control px-3 font-medium -outline-offset-2 text-muted hover:bg-hover hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:text-ink touch:h-11';

interface TabStripProps {
  label: string;
  /** Which one is chosen: a change brings it into view. */
  current: string;
  className?: string;
  /** The items of a list. */
  children: ReactNode;
}

/** Views of one page beside each other. Where they do not fit they are moved sideways, and the chosen one is in view. */
export function TabStrip({ label, current, className, children }: TabStripProps) {
  const strip = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the choice that moves the strip
  useEffect(() => {
    const chosen = strip.current?.querySelector('[aria-current]');
    if (!chosen) return;
    // Hears where it stands once the browser has laid out the page anyway: to ask for it would hold the first paint up.
    const observer = new IntersectionObserver(
      ([seen]) => {
        observer.disconnect();
        if (!strip.current || !seen?.rootBounds) return;
        const [frame, tab] = [seen.rootBounds, seen.boundingClientRect];
        if (tab.left < frame.left || tab.right > frame.right)
          strip.current.scrollLeft += tab.left - frame.left - (frame.width - tab.width) / 2;
      },
      { root: strip.current },
    );
    observer.observe(chosen);
    return () => observer.disconnect();
  }, [current]);
  return (
    <nav ref={strip} aria-label={label} className={cx('overflow-x-auto max-sm:fade-end', className)}>
      <ul className="flex w-max gap-1 max-sm:pr-6">{children}</ul>
    </nav>
  );
}

/** Of a strip that takes the whole width of a page: on a phone it goes to its edges. */
export const wideStrip = '-mx-4 mb-4 px-4 sm:mx-0 sm:px-0';
