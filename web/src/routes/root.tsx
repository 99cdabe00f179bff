import { Link, Navigate, Outlet, useLocation } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { text } from '#text/work.ts';
import { isInTenant, useMe } from '../feature/session/session.ts';
import { StepUpHost } from '../feature/session/step-up-host.tsx';
import { Shell } from '../feature/shell/shell.tsx';
import { buttonClass } from '../ui/button.tsx';
import { Empty, ErrorBox } from '../ui/feedback.tsx';
import { Mark } from '../ui/mark.tsx';
import { Page } from '../ui/page.tsx';

const SignIn = lazy(() => import('../feature/sign-in/sign-in-page.tsx'));
const PendingShell = lazy(() => import('../feature/account/pending-shell.tsx'));
const OperatorShell = lazy(() => import('../feature/operator/operator-shell.tsx'));

/** Pages for everybody; they are shown without the shell. */
const openPages = new Set(['/sign-in', '/join', '/register']);

/** What is written for everybody, signed in or not. */
const isDocumentation = (path: string): boolean => /^\/(?:help|docs)(?:\/|$)/.test(path);

/** Where somebody without a tenant has anything to do. */
const isForOperators = (path: string): boolean =>
  isDocumentation(path) || path === '/account' || path === '/operator' || path.startsWith('/operator/');

/** Nobody is shown a page before it is known who they are. */
export function Root() {
  return (
    <>
      <Suspense fallback={<Opening />}>
        <Pages />
      </Suspense>
      <StepUpHost />
    </>
  );
}

function Pages() {
  const me = useMe();
  const path = useLocation().pathname;
  if (me.isPending) return <Opening />;
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
  if (openPages.has(path)) return <Outlet />;
  if (isDocumentation(path) && (me.data === null || me.data.pending)) {
    return (
      <main>
        <Outlet />
      </main>
    );
  }
  if (me.data === null) return <SignIn />;
  if (me.data.pending) return path === '/account' ? <PendingShell /> : <Navigate to="/account" replace />;
  if (isInTenant(me.data)) return <Shell />;
  return isForOperators(path) ? <OperatorShell /> : <Navigate to="/operator" replace />;
}

function Opening() {
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
