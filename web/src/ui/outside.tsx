import { type ReactNode, useEffect } from 'react';
import { text } from '#text/work.ts';
import { Mark } from './mark.tsx';

/** The frame of pages for those who are not signed in: one narrow column with the mark above it. */
export function Outside({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · ${text.product}`;
  }, [title]);
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center px-5 py-10">
      <div className="mb-6 flex items-center gap-2.5">
        <Mark size={28} />
        <span className="font-semibold text-lead">{text.product}</span>
      </div>
      <h1 className="mb-4 font-semibold text-title">{title}</h1>
      {children}
    </main>
  );
}
