import { defineConfig } from "vite";
import { licenses } from "./licenses.js";

const service = process.env.SEGUE_SERVICE ?? "http://127.0.0.1:8765";

export default defineConfig({
  base: "./", // the service says where the page lies, in <base>
  plugins: [licenses()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../src/segue/serve/player",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // a data: URL would need its own line in the page's security policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": { target: service, changeOrigin: true } } },
  test: { include: ["tests/**/*.test.ts"] },
});
