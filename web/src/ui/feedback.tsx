import { CircleAlert, RotateCw, SearchX } from 'lucide-react';
import type { ReactNode } from 'react';
import { text } from '#text/work.ts';
import { isApiError } from '../api/client.ts';
import { Button } from './button.tsx';
import { cx } from './cx.ts';
import { Id } from './id.tsx';

/** What an empty list says: why it is empty and what to do next. */
export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-1 px-6 py-12 text-center">
      {icon && <div className="mb-2 flex size-10 items-center justify-center rounded-full bg-hover text-muted">{icon}</div>}
      <p className="font-medium text-lead">{title}</p>
      {children && <div className="max-w-md text-muted">{children}</div>}
    </div>
  );
}

/** A failure with its code and a way to try again. What is not there is no failure, and trying again would not bring it. */
export function ErrorBox({ error, onRetry }: { error: unknown; onRetry?: () => unknown }) {
  const code = isApiError(error) ? error.code : 'page.fault';
  const isMissing = isApiError(error) && error.status === 404;
  return (
    <div
      role="alert"
      className={cx(
        'flex flex-wrap items-start gap-3 rounded-card border p-4',
        isMissing ? 'border-line bg-panel' : 'border-bad/30 bg-bad-soft',
      )}
    >
      {isMissing ? (
        <SearchX size={16} className="mt-0.5 shrink-0 text-muted" aria-hidden="true" />
      ) : (
        <CircleAlert size={16} className="mt-0.5 shrink-0 text-bad" aria-hidden="true" />
      )}
      <div className="min-w-0 flex-1 basis-48">
        <p className="font-medium">{describeError(error)}</p>
        {isMissing && <p className="text-muted">{text.errors.missing}</p>}
        <p className="mt-0.5 flex flex-wrap items-center gap-x-2 font-mono text-muted text-note">
          {code}
          {isApiError(error) && error.requestId && <Id value={error.requestId} />}
        </p>
      </div>
      {onRetry && !isMissing && (
        <Button size="small" onClick={() => void onRetry()}>
          <RotateCw size={13} aria-hidden="true" />
          {text.common.retry}
        </Button>
      )}
    </div>
  );
}

/** One sentence for a failure: ours for its code if there is one, else what the server said. */
export function describeError(error: unknown): string {
  if (!isApiError(error)) return text.errors.title;
  return text.errors.codes[error.code] ?? (error.message || text.errors.unknown);
}

/** Grey rows of the height of what is being loaded. */
export function Skeleton({ rows = 4, height = 'h-14' }: { rows?: number; height?: string }) {
  return (
    <div role="status" aria-label={text.common.loading}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
        <div key={i} className={cx('flex items-center gap-3 border-line border-b px-4 last:border-b-0', height)}>
          <div className="size-7 rounded-control bg-hover" />
          <div className="flex-1">
            <div className="pulse-soft mb-2 h-2.5 w-1/2 rounded bg-hover" />
            <div className="pulse-soft h-2 w-1/3 rounded bg-hover" />
          </div>
        </div>
      ))}
    </div>
  );
}

/** A coloured line across a card or page. */
export function Notice({
  tone,
  children,
  role,
}: {
  tone: 'warn' | 'bad' | 'good' | 'accent';
  children: ReactNode;
  role?: 'alert' | 'status';
}) {
  const tones = {
    warn: 'border-warn/30 bg-warn-soft',
    bad: 'border-bad/30 bg-bad-soft',
    good: 'border-good/30 bg-good-soft',
    accent: 'border-accent/30 bg-accent-soft',
  };
  return (
    <div role={role} className={cx('mb-4 rounded-card border px-4 py-3', tones[tone])}>
      {children}
    </div>
  );
}
