import { createRootRoute } from '@tanstack/react-router';
import { NotFound, PageFault, Root } from './root.tsx';

/** What every page stands in. */
export const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: PageFault });
