// How Svelte compiles here: runes only, no legacy syntax, and no CSS written by scripts (the page's
// content security policy refuses inline styles).
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true, css: 'external' },
  vitePlugin: {
    // bits-ui ships its own components; forcing runes on them too is what its authors do.
    dynamicCompileOptions: ({ filename }) =>
      filename.includes('node_modules') ? { runes: undefined } : undefined,
  },
};
