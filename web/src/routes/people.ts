import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from './root-route.ts';

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('../feature/sign-in/sign-in-page.tsx')),
});

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  component: lazyRouteComponent(() => import('../feature/join/join-page.tsx')),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  component: lazyRouteComponent(() => import('../feature/join/register-page.tsx')),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('../feature/account/account-page.tsx')),
});

const notices = createRoute({
  getParentRoute: () => root,
  path: '/notices',
  component: lazyRouteComponent(() => import('../feature/notice/notices-page.tsx')),
});

const noticeRules = createRoute({
  getParentRoute: () => root,
  path: '/account/notices',
  component: lazyRouteComponent(() => import('../feature/notice/rules-page.tsx')),
});

/** Signing in, joining, and what belongs to the person. */
export const peopleRoutes = [signIn, join, register, account, notices, noticeRules];
