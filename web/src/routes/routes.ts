import { createRouter } from '@tanstack/react-router';
import { documentationRoutes } from './documentation.ts';
import { operatorRoutes } from './operator.ts';
import { peopleRoutes } from './people.ts';
import { PageFault } from './root.tsx';
import { root } from './root-route.ts';
import { settingsRoutes } from './settings.ts';
import { workRoutes } from './work.ts';

/** Every page of the product; each is its own chunk. */
export const openRouter = () =>
  createRouter({
    routeTree: root.addChildren([...workRoutes, ...peopleRoutes, ...settingsRoutes, ...operatorRoutes, ...documentationRoutes]),
    // A page that broke stands in the frame of all pages: the others can be reached.
    defaultErrorComponent: PageFault,
    defaultPreload: 'intent',
    scrollRestoration: true,
  });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof openRouter>;
  }
}
