import { type ReactNode, useEffect } from 'react';
import { text } from '#text/work.ts';
import { cx } from './cx.ts';

interface PageProps {
  /** Also the title of the browser tab. */
  title: string;
  /** Drawn instead of the plain title: the way back, where the content has the h1. */
  heading?: ReactNode;
  /** Beside the title: what the page is for. */
  help?: ReactNode;
  side?: ReactNode;
  width?: 'list' | 'wide';
  children: ReactNode;
}

/** The frame of every page: one h1, its actions, the content at a readable width. */
export function Page({ title, heading, help, side, width = 'list', children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · ${text.product}`;
  }, [title]);
  return (
    <div className={cx('mx-auto w-full px-4 pt-5 pb-10 sm:px-8 sm:pt-7', width === 'wide' ? 'max-w-6xl' : 'max-w-4xl')}>
      <div className="mb-5 flex min-h-8 flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="flex min-w-0 items-center gap-1">
          {heading ?? <h1 className="font-semibold text-title">{title}</h1>}
          {help}
        </div>
        {side}
      </div>
      {children}
    </div>
  );
}

interface SectionProps {
  title: ReactNode;
  side?: ReactNode;
  children: ReactNode;
  /** Frames the content as a card. */
  card?: boolean;
}

/** A titled part of a page. */
export function Section({ title, side, children, card = true }: SectionProps) {
  return (
    <section className="mb-7">
      <div className="mb-2 flex min-h-6 flex-wrap items-center justify-between gap-x-3 gap-y-2">
        <h2 className="font-semibold text-body text-muted">{title}</h2>
        {side}
      </div>
      {card ? <div className="overflow-hidden rounded-card border border-line bg-panel">{children}</div> : children}
    </section>
  );
}
