import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig, type Plugin, type Rolldown } from 'vite';

/** Where `npm run dev` finds the API; the built pages are served by the API itself. */
const apiOrigin = process.env.FACTOTUM_DEV_API ?? 'http://127.0.0.1:4310';

/** What only the pages about people, settings and tenants need: most visits are to decide, and do not load it. */
const isForAdministration = (id: string): boolean =>
  /\/src\/(?:feature\/(?:account|join|operator|settings|sign-in|sso)|ui\/(?:form|outside)|text\/\w+\/(?!(?:common|inbox|approvals)\.))/.test(
    id,
  );

/** What only the dialogs and the page of an approval need: neither the inbox nor the administration waits for them. */
const isForDeciding = (id: string): boolean =>
  /\/src\/(?:text\/\w+\/approvals|feature\/approval\/(?:field-list|source|edit-value))\./.test(id);

/** What is drawn with Base UI when somebody reaches for it: menus, popovers and dialogs. */
const isForPopups = (id: string): boolean => /\/node_modules\/@(?:base-ui|floating-ui)\/|\/src\/ui\/(?:menu|dialog)\./.test(id);

/** What toasts, the one part of Base UI in the first load, do not use: what they share with menus imports it, so the graph does not say. */
const isNotOfToasts = (id: string): boolean =>
  /\/node_modules\/(?:@floating-ui\/(?!utils\/)|@base-ui\/react\/(?:utils\/popups|internals\/(?:useAnchorPositioning|composite\/(?!root\/CompositeRootContext))|floating-ui-react\/(?:components\/(?!FloatingPortal)|hooks|middleware|safePolygon)))/.test(
    id,
  );

/** Whether the frame of the pages, or the inbox, needs this module before it can be drawn: something there imports it, not only when asked. */
function isForFirstPage(id: string, graph: Rolldown.ChunkingContext, seen = new Set<string>()): boolean {
  // The service worker is looked after as soon as somebody is signed in.
  if (/\/src\/(?:main\.tsx|feature\/(?:inbox\/inbox-page\.tsx|notice\/worker\.ts))$/.test(id)) return true;
  if (seen.has(id)) return false;
  seen.add(id);
  return graph.getModuleInfo(id)?.importers.some((importer) => isForFirstPage(importer, graph, seen)) ?? false;
}

/**
 * The languages of the dashboard, one build each: `vite build --mode de` takes the words of src/text/de, and nothing of another language
 * is in what it makes. The first one is `index.html`, and empties the folder; the others are `index.<language>.html` beside it.
 */
const languages = ['en', 'de'];

const languageOf = (mode: string): string => (languages.includes(mode) ? mode : 'en');

/** Says in the page which language it is in, and names it by that. */
const pageOf = (language: string): Plugin => ({
  name: 'page-of-language',
  transformIndexHtml: (html) => html.replace('<html lang="en">', `<html lang="${language}">`),
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      const page = bundle['index.html'];
      if (page !== undefined && language !== 'en') page.fileName = `index.${language}.html`;
    },
  },
});

/** On a slow line the frame of the page and what is asked early come before the code that waits for both. */
const codeLast = (): Plugin => ({
  name: 'code-last',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => html.replaceAll('<script type="module" crossorigin', '<script type="module" fetchpriority="low" crossorigin'),
  },
});

/** Icons are imported by what draws them, not through the list of all: else those of every page are in the first load. */
function icons(): Plugin {
  const list = createRequire(import.meta.url).resolve('lucide-react/dist/esm/lucide-react.mjs');
  const files = new Map<string, string>();
  for (const [, names = '', file = ''] of readFileSync(list, 'utf8').matchAll(/export \{([^}]*)\} from '\.\/(icons\/[^']+)'/g))
    for (const [, name = ''] of names.matchAll(/default as (\w+)/g)) files.set(name, file);
  return {
    name: 'icons',
    enforce: 'pre',
    transform: {
      filter: { id: /\/src\/.*\.tsx?$/, code: "'lucide-react'" },
      handler: (code) => ({
        code: code.replace(/^import \{([^}]*)\} from 'lucide-react';$/m, (_, names: string) =>
          names
            .split(',')
            .filter((one) => one.trim() !== '')
            .map((one) => {
              const [name = '', local = name] = one.trim().split(' as ');
              const file = files.get(name);
              return file === undefined ? `import {${one}} from 'lucide-react';` : `import ${local} from '${join(dirname(list), file)}';`;
            })
            .join(''),
        ),
        map: null,
      }),
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [icons(), react(), tailwindcss(), pageOf(languageOf(mode)), codeLast()],
  resolve: { conditions: [languageOf(mode), ...defaultClientConditions] },
  build: {
    target: 'es2023',
    emptyOutDir: languageOf(mode) === 'en',
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\//, priority: 2 },
            { name: 'tanstack', test: /node_modules\/@tanstack\/(?!.*virtual)/, priority: 2 },
            { name: 'deciding', test: isForDeciding, minShareCount: 2, priority: 2, includeDependenciesRecursively: false },
            // The frame and the inbox are one file, and what other pages share is another, not forty: fewer round trips for each.
            { debugName: 'first', name: (id, graph) => (!isNotOfToasts(id) && isForFirstPage(id, graph) ? 'first' : null), priority: 1 },
            { name: 'popups', test: isForPopups, priority: 0.75, includeDependenciesRecursively: false },
            { name: 'pages', test: (id) => !isForAdministration(id), minShareCount: 2, priority: 0.5 },
            { name: 'administration', test: isForAdministration, minShareCount: 2, includeDependenciesRecursively: false },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: apiOrigin, ws: true } } },
}));
