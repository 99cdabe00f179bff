import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { type PolicyView, policyViews } from '../feature/policy/views.ts';
import { root } from './root-route.ts';

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('../feature/settings/settings-page.tsx')),
});

const general = createRoute({
  getParentRoute: () => root,
  path: '/settings/general',
  component: lazyRouteComponent(() => import('../feature/settings/general-page.tsx')),
});

const policies = createRoute({
  getParentRoute: () => root,
  path: '/settings/policies',
  validateSearch: (search): { view?: PolicyView } => {
    const view = policyViews.find((one) => one === search.view);
    return view && view !== 'form' ? { view } : {};
  },
  component: lazyRouteComponent(() => import('../feature/policy/policies-page.tsx')),
});

const grants = createRoute({
  getParentRoute: () => root,
  path: '/settings/grants',
  component: lazyRouteComponent(() => import('../feature/policy/grants-page.tsx')),
});

const changes = createRoute({
  getParentRoute: () => root,
  path: '/settings/changes',
  component: lazyRouteComponent(() => import('../feature/policy/changes-page.tsx')),
});

const model = createRoute({
  getParentRoute: () => root,
  path: '/settings/model',
  component: lazyRouteComponent(() => import('../feature/settings/model-page.tsx')),
});

const usage = createRoute({
  getParentRoute: () => root,
  path: '/settings/usage',
  component: lazyRouteComponent(() => import('../feature/settings/usage-page.tsx')),
});

const closing = createRoute({
  getParentRoute: () => root,
  path: '/settings/closing',
  component: lazyRouteComponent(() => import('../feature/settings/closing-page.tsx')),
});

const members = createRoute({
  getParentRoute: () => root,
  path: '/settings/members',
  component: lazyRouteComponent(() => import('../feature/settings/members-page.tsx')),
});

const roles = createRoute({
  getParentRoute: () => root,
  path: '/settings/roles',
  component: lazyRouteComponent(() => import('../feature/settings/roles-page.tsx')),
});

const teams = createRoute({
  getParentRoute: () => root,
  path: '/settings/teams',
  component: lazyRouteComponent(() => import('../feature/settings/teams-page.tsx')),
});

const keys = createRoute({
  getParentRoute: () => root,
  path: '/settings/keys',
  component: lazyRouteComponent(() => import('../feature/settings/keys-page.tsx')),
});

const ssoProviders = createRoute({
  getParentRoute: () => root,
  path: '/settings/sso',
  // A test ends here, in the window that it was opened in.
  validateSearch: (search): { test?: string; error?: string } => ({
    ...(typeof search.test === 'string' && { test: search.test }),
    ...(typeof search.error === 'string' && { error: search.error }),
  }),
  component: lazyRouteComponent(() => import('../feature/sso/providers-page.tsx')),
});

const ssoProvider = createRoute({
  getParentRoute: () => root,
  path: '/settings/sso/$providerId',
  component: lazyRouteComponent(() => import('../feature/sso/provider-page.tsx')),
});

const provisioning = createRoute({
  getParentRoute: () => root,
  path: '/settings/provisioning',
  component: lazyRouteComponent(() => import('../feature/settings/provisioning-page.tsx')),
});

const security = createRoute({
  getParentRoute: () => root,
  path: '/settings/security',
  component: lazyRouteComponent(() => import('../feature/settings/security-page.tsx')),
});

const secrets = createRoute({
  getParentRoute: () => root,
  path: '/settings/secrets',
  component: lazyRouteComponent(() => import('../feature/settings/secrets-page.tsx')),
});

const encryption = createRoute({
  getParentRoute: () => root,
  path: '/settings/encryption',
  component: lazyRouteComponent(() => import('../feature/settings/encryption-page.tsx')),
});

const connections = createRoute({
  getParentRoute: () => root,
  path: '/settings/connections',
  component: lazyRouteComponent(() => import('../feature/settings/connections-page.tsx')),
});

const schedules = createRoute({
  getParentRoute: () => root,
  path: '/settings/schedules',
  component: lazyRouteComponent(() => import('../feature/settings/schedules-page.tsx')),
});

const webhooks = createRoute({
  getParentRoute: () => root,
  path: '/settings/webhooks',
  component: lazyRouteComponent(() => import('../feature/settings/webhooks-page.tsx')),
});

const tools = createRoute({
  getParentRoute: () => root,
  path: '/settings/tools',
  // A sign-in to a tool server ends here.
  validateSearch: (search): { server?: string; problem?: string } => ({
    ...(typeof search.server === 'string' && { server: search.server }),
    ...(typeof search.problem === 'string' && { problem: search.problem }),
  }),
  component: lazyRouteComponent(() => import('../feature/settings/tools-page.tsx')),
});

/** A tenant's settings, one topic a page. */
export const settingsRoutes = [
  settings,
  general,
  policies,
  grants,
  changes,
  model,
  usage,
  closing,
  members,
  roles,
  teams,
  keys,
  ssoProviders,
  ssoProvider,
  provisioning,
  security,
  secrets,
  encryption,
  connections,
  schedules,
  webhooks,
  tools,
];
