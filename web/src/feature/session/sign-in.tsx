import { useEffect } from 'react';
import { text } from '../../text/en.ts';
import { Notice } from '../../ui/feedback.tsx';
import { Id } from '../../ui/id.tsx';
import { Mark } from '../../ui/mark.tsx';
import { hasLinkFailed } from './session.ts';

/** What somebody without a session sees: how to get one. */
export function SignIn() {
  useEffect(() => {
    document.title = `${text.session.title} · ${text.product}`;
  }, []);
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center px-5 py-10">
      <div className="mb-6 flex items-center gap-2.5">
        <Mark size={28} />
        <span className="font-semibold text-lead">{text.product}</span>
      </div>
      <h1 className="mb-1 font-semibold text-title">{text.session.title}</h1>
      <p className="mb-5 text-muted">{text.session.intro}</p>
      {hasLinkFailed() && (
        <Notice tone="bad" role="alert">
          {text.session.invalid}
        </Notice>
      )}
      <div className="rounded-card border border-line bg-panel p-4">
        <p className="mb-2">{text.session.how}</p>
        <div className="rounded-control bg-hover px-3 py-1.5">
          <Id value={text.session.command} shown={text.session.command} />
        </div>
      </div>
      <p className="mt-4 text-muted text-note">{text.session.fine}</p>
    </main>
  );
}
