import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { root } from './root-route.ts';

const help = createRoute({
  getParentRoute: () => root,
  path: '/help',
  component: lazyRouteComponent(() => import('../feature/help/help-page.tsx')),
});

const helpPage = createRoute({
  getParentRoute: () => root,
  path: '/help/$page',
  component: lazyRouteComponent(() => import('../feature/help/help-page.tsx')),
});

const errors = createRoute({
  getParentRoute: () => root,
  // The `type` of every problem of the API, with its code behind the #.
  path: '/docs/errors',
  beforeLoad: ({ location }) => {
    throw redirect({ to: '/help/$page', params: { page: 'errors' }, hash: location.hash, replace: true });
  },
});

/** Help, which needs nobody signed in. */
export const documentationRoutes = [help, helpPage, errors];
