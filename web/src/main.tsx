import './theme.css';
// First: the token of a sign-in link must be out of the address before the router reads it.
import './feature/session/take-token.ts';

import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, startTransition } from 'react';
import { createRoot } from 'react-dom/client';
import { isApiError } from './api/client.ts';
import { prepareFirstPage } from './feature/inbox/prepare.ts';
import { meKey } from './feature/session/session.ts';
import { openRouter } from './routes/routes.ts';
import { StrictStyles } from './ui/csp.tsx';
import { ToastProvider } from './ui/toast.tsx';

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      // The session ended elsewhere: show the way back in, keep the address.
      if (isApiError(error) && error.status === 401) client.setQueryData(meKey, null);
    },
  }),
  defaultOptions: {
    // Without a connection an act fails at once and says so, instead of being done later when nobody thinks of it any more.
    mutations: { networkMode: 'always' },
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      // However fresh: nobody knows what was missed.
      refetchOnReconnect: 'always',
      // Named refusals do not change by asking again; an unreachable server may.
      retry: (failures, error) => failures < 2 && isApiError(error) && (error.status === 0 || error.status >= 502),
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id root');
const page = createRoot(root);

/** Puts up the page. Until then the mark of index.html stands. */
async function open(prepared: Promise<void>): Promise<void> {
  // The code has been read: the browser answers before the pages are set up, and while they are drawn, which a transition does in pieces.
  await new Promise((resolve) => setTimeout(resolve));
  const router = openRouter();
  await Promise.all([prepared, router.load()]);
  startTransition(() =>
    page.render(
      <StrictMode>
        <StrictStyles>
          <QueryClientProvider client={client}>
            <ToastProvider>
              <RouterProvider router={router} />
            </ToastProvider>
          </QueryClientProvider>
        </StrictStyles>
      </StrictMode>,
    ),
  );
}
void open(prepareFirstPage(client));

// Once the page is there: nobody waits for it.
if (import.meta.env.PROD)
  window.addEventListener('load', () => void import('./feature/notice/worker.ts').then(({ startWorker }) => startWorker()));
