// The build: one static folder inside the Python package, with nothing inlined (the page's content security
// policy forbids it), the licences of what is bundled, and swagger-ui for the hub's offline /docs page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const SWAGGER_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE', 'NOTICE'];

/** Copy the files of swagger-ui that the hub's API page needs to `swagger/`. */
function swagger(): Plugin {
  return {
    name: 'swagger-files',
    apply: 'build',
    generateBundle() {
      const root = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
      for (const name of SWAGGER_FILES) {
        this.emitFile({
          type: 'asset',
          fileName: `swagger/${name}`,
          source: readFileSync(join(root, name)),
        });
      }
    },
  };
}

/** Replace `@media (--phone)` in style sheets and components by the query of that name in breakpoints.css. */
function customMedia(): Plugin {
  const definitions = readFileSync(new URL('src/styles/breakpoints.css', import.meta.url), 'utf8');
  const queries = new Map(
    [...definitions.matchAll(/@custom-media (--[\w-]+) ([^;]+);/g)].map(
      ([, name, query]) => [name!, query!] as const,
    ),
  );
  return {
    name: 'custom-media',
    enforce: 'pre',
    transform(code, id) {
      if (!/\.(css|svelte)$/.test(id)) return null;
      const replaced = code.replace(/@media \((--[\w-]+)\)/g, (_, name: string) => {
        const query = queries.get(name);
        if (!query) this.error(`${name} is not defined in src/styles/breakpoints.css.`);
        return `@media ${query}`;
      });
      return { code: replaced, map: null };
    },
  };
}

/** Name the files of the page's start in index.html, so that the browser loads them beside the texts. */
function startFiles(): Plugin {
  return {
    name: 'start-files',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((each) => each.type === 'chunk');
        const start = chunks.find((chunk) => chunk.facadeModuleId?.endsWith('/src/start.ts'));
        const loaded = chunks.filter((chunk) => chunk === start || start?.imports.includes(chunk.fileName));
        const link = (rel: string, href: string) => ({
          tag: 'link',
          attrs: { rel, crossorigin: true, href: `/${href}` },
          injectTo: 'head' as const,
        });
        return loaded
          .filter((chunk) => !chunk.isEntry)
          .flatMap((chunk) => [
            link('modulepreload', chunk.fileName),
            ...[...(chunk.viteMetadata?.importedCss ?? [])].map((file) => link('stylesheet', file)),
          ]);
      },
    },
  };
}

export default defineConfig({
  plugins: [customMedia(), svelte(), swagger(), startFiles()],
  // Scripts and styles find each other relative to themselves, so that a proxy can serve the hub below a path.
  experimental: {
    renderBuiltUrl: (_, { hostType }) => (hostType === 'html' ? undefined : { relative: true }),
  },
  build: {
    outDir: '../hub/_web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    reportCompressedSize: false,
  },
  // Creating a document for each file would take two thirds of the time.
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    isolate: false,
    setupFiles: 'src/texts/loadForTests.ts',
  },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : undefined,
});
