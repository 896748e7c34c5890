import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/**
 * The player's elements draw themselves with <style> elements in their shadow roots. The page's
 * policy takes those with the nonce of the answer alone, so each gets it.
 */
function stylesWithNonce(): Plugin {
  return {
    name: "styles-with-nonce",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("/media-chrome/") || !code.includes("<style>")) return null;
      const nonce = '<style nonce="${globalThis.vidpipeNonce}">';
      return { code: code.replaceAll("<style>", nonce), map: null };
    },
  };
}

/** Large libraries in files of their own: a browser keeps them when only our code changes. */
function libraryOf(id: string): string | undefined {
  if (id.includes("/media-chrome/")) return "player";
  if (id.includes("/wavesurfer.js/")) return "waveform";
  return undefined;
}

export default defineConfig({
  base: "/studio/",
  plugins: [stylesWithNonce(), svelte()],
  build: {
    outDir: "../vidpipe/web/static/studio",
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline: the page's policy takes files of ours alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: { output: { manualChunks: libraryOf } },
  },
  server: {
    proxy: {
      "/api": { target: "http://127.0.0.1:3931", changeOrigin: false },
      "/files": { target: "http://127.0.0.1:3931", changeOrigin: false },
    },
  },
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
});
