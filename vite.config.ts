import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The page: served as it is under http://127.0.0.1/ and app://, so every address in it is relative. */
export default defineConfig({
  root: here('src-renderer'),
  base: './',
  plugins: [react()],
  resolve: {
    // The package's own minified build: 84,877 lines are not parsed and minified again at every build.
    alias: { igv: here('node_modules/igv/dist/igv.esm.min.js') },
  },
  build: {
    outDir: here('dist/renderer'),
    emptyOutDir: true,
    sourcemap: false,
    target: 'chrome128',
    // Inlined assets would need data: addresses in places where the content policy has none.
    assetsInlineLimit: 0,
    // The polyfill is an inline script; every target has module preload.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4000,
  },
})
