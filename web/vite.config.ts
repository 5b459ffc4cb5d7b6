// The build: one static folder inside the Python package, with nothing inlined (the page's content security
// policy forbids it), the licences of what is bundled, and swagger-ui for the hub's offline /docs page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const SWAGGER_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE', 'NOTICE'];

/** Copies the few files of swagger-ui that the hub's API page needs to `swagger/`. */
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

export default defineConfig({
  plugins: [svelte(), swagger()],
  build: {
    outDir: '../hub/_web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    reportCompressedSize: false,
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'] },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : undefined,
});
