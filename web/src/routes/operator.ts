import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from './root-route.ts';

const operator = createRoute({
  getParentRoute: () => root,
  path: '/operator',
  validateSearch: (search): { find?: string; state?: string } => ({
    ...(typeof search.find === 'string' && { find: search.find }),
    ...(typeof search.state === 'string' && { state: search.state }),
  }),
  component: lazyRouteComponent(() => import('../feature/operator/tenants-page.tsx')),
});

const operatorTenant = createRoute({
  getParentRoute: () => root,
  path: '/operator/tenants/$tenantId',
  component: lazyRouteComponent(() => import('../feature/operator/tenant-page.tsx')),
});

const registrations = createRoute({
  getParentRoute: () => root,
  path: '/operator/registrations',
  component: lazyRouteComponent(() => import('../feature/operator/registrations-page.tsx')),
});

const operatorSystem = createRoute({
  getParentRoute: () => root,
  path: '/operator/system',
  component: lazyRouteComponent(() => import('../feature/operator/system-page.tsx')),
});

const operatorVolume = createRoute({
  getParentRoute: () => root,
  path: '/operator/volume',
  component: lazyRouteComponent(() => import('../feature/operator/volume-page.tsx')),
});

const operatorJobs = createRoute({
  getParentRoute: () => root,
  path: '/operator/jobs',
  component: lazyRouteComponent(() => import('../feature/operator/jobs-page.tsx')),
});

const operatorBackups = createRoute({
  getParentRoute: () => root,
  path: '/operator/backups',
  component: lazyRouteComponent(() => import('../feature/operator/backups-page.tsx')),
});

/** The area of those who operate the installation. */
export const operatorRoutes = [operator, operatorTenant, registrations, operatorSystem, operatorVolume, operatorJobs, operatorBackups];
