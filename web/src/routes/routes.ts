import { createRouter } from '@tanstack/react-router';
import { documentationRoutes } from './documentation.ts';
import { operatorRoutes } from './operator.ts';
import { peopleRoutes } from './people.ts';
import { root } from './root-route.ts';
import { settingsRoutes } from './settings.ts';
import { workRoutes } from './work.ts';

/** Every page of the product; each is its own chunk. */
export const router = createRouter({
  routeTree: root.addChildren([...workRoutes, ...peopleRoutes, ...settingsRoutes, ...operatorRoutes, ...documentationRoutes]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
