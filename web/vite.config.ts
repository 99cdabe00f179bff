import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dev` finds the API; the built pages are served by the API itself. */
const apiOrigin = process.env.FACTOTUM_DEV_API ?? 'http://127.0.0.1:4310';

/** What only the pages about people, settings and tenants need: most visits are to decide, and do not load it. */
const isForAdministration = (id: string): boolean =>
  /\/src\/(?:feature\/(?:account|join|operator|settings|sign-in|sso)|ui\/(?:form|outside)|text\/\w+\/(?!common\.))/.test(id);

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    target: 'es2023',
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\//, priority: 2 },
            { name: 'tanstack', test: /node_modules\/@tanstack\/(?!.*virtual)/, priority: 2 },
            // What two pages share comes in one file, not in forty: the first page is there after fewer round trips.
            { name: 'shared', test: (id) => !isForAdministration(id), minShareCount: 2, priority: 1 },
            { name: 'administration', test: isForAdministration, minShareCount: 2, includeDependenciesRecursively: false },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: apiOrigin, ws: true } } },
});
