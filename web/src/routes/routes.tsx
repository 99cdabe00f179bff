import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { type TaskFilter, taskFilters } from '../feature/task/filters.ts';
import { NotFound, PageFault, Root } from './root.tsx';

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: PageFault });

const inbox = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('../feature/inbox/inbox-page.tsx')),
});

const approval = createRoute({
  getParentRoute: () => root,
  path: '/approvals/$approvalId',
  component: lazyRouteComponent(() => import('../feature/approval/approval-page.tsx')),
});

const tasks = createRoute({
  getParentRoute: () => root,
  path: '/tasks',
  validateSearch: (search): { state?: TaskFilter } => {
    const state = taskFilters.find((filter) => filter === search.state);
    return state ? { state } : {};
  },
  component: lazyRouteComponent(() => import('../feature/task/tasks-page.tsx')),
});

const task = createRoute({
  getParentRoute: () => root,
  path: '/tasks/$taskId',
  component: lazyRouteComponent(() => import('../feature/task/task-page.tsx')),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search): { task?: string; entry?: number } => ({
    ...(typeof search.task === 'string' && { task: search.task }),
    ...(typeof search.entry === 'number' && Number.isSafeInteger(search.entry) && search.entry >= 0 && { entry: search.entry }),
  }),
  component: lazyRouteComponent(() => import('../feature/audit/audit-page.tsx')),
});

const vault = createRoute({
  getParentRoute: () => root,
  path: '/vault',
  validateSearch: (search): { find?: string } => (typeof search.find === 'string' ? { find: search.find } : {}),
  component: lazyRouteComponent(() => import('../feature/vault/vault-page.tsx')),
});

const note = createRoute({
  getParentRoute: () => root,
  // The note's path is a parameter: an address that ends in .md looks like a file to servers in between.
  path: '/vault/note',
  validateSearch: (search): { path: string } => ({ path: typeof search.path === 'string' ? search.path : '' }),
  component: lazyRouteComponent(() => import('../feature/vault/note-page.tsx')),
});

/** Every page of the product; each is its own chunk. */
export const router = createRouter({
  routeTree: root.addChildren([inbox, approval, tasks, task, audit, vault, note]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
