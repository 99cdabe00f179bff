import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { useMe } from '../feature/session/session.ts';
import { SignIn } from '../feature/session/sign-in.tsx';
import { Shell } from '../feature/shell/shell.tsx';
import { text } from '../text/en.ts';
import { buttonClass } from '../ui/button.tsx';
import { Empty, ErrorBox } from '../ui/feedback.tsx';
import { Mark } from '../ui/mark.tsx';
import { Page } from '../ui/page.tsx';

/** Nobody is shown a page before it is known who they are. */
export function Root() {
  const me = useMe();
  if (me.isPending) {
    return (
      <main className="flex min-h-dvh flex-col items-center justify-center gap-3" aria-busy="true">
        <h1 className="sr-only">{text.product}</h1>
        <Mark size={32} />
        <p role="status" className="sr-only">
          {text.session.checking}
        </p>
      </main>
    );
  }
  if (me.error) {
    return (
      <main className="mx-auto flex min-h-dvh max-w-lg flex-col justify-center gap-4 px-5">
        <h1 className="flex items-center gap-2 font-semibold text-lead">
          <Mark size={24} />
          {text.product}
        </h1>
        <ErrorBox error={me.error} onRetry={me.refetch} />
      </main>
    );
  }
  return me.data === null ? <SignIn /> : <Shell />;
}

export function NotFound() {
  return (
    <Page title={text.common.notFoundTitle}>
      <Empty icon={<Compass size={18} aria-hidden="true" />} title={text.common.notFoundText}>
        <Link to="/" className={`mt-3 ${buttonClass('primary')}`}>
          {text.common.toInbox}
        </Link>
      </Empty>
    </Page>
  );
}

/** A page that broke, or whose code could not be loaded: loading the document again brings both back. */
export function PageFault({ error }: { error: unknown }) {
  return (
    <Page title={text.errors.title}>
      <ErrorBox error={error} onRetry={() => location.reload()} />
    </Page>
  );
}
