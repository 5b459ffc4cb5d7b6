// Svelte compiler options: runes only, no legacy syntax, and no CSS written by scripts (the page's
// content security policy refuses inline styles).
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true, css: 'external' },
  vitePlugin: {
    // Components of bits-ui are compiled with runes too, as its authors do.
    dynamicCompileOptions: ({ filename }) =>
      filename.includes('node_modules') ? { runes: undefined } : undefined,
  },
};
