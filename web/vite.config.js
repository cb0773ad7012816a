import { readFileSync } from "node:fs";
import { defineConfig } from "vite";
import { licenses } from "./licenses.js";

const service = process.env.SEGUE_SERVICE ?? "http://127.0.0.1:8765";

const ICON = "/assets/segue.svg";

/** Write the icon into the page: Chromium asks for it again at each address that the page shows. */
const inlineIcon = () => ({
  name: "inline-icon",
  apply: "build",
  transformIndexHtml: {
    order: "pre",
    handler: (html) => html.replace(`href="${ICON}"`, `href="data:image/svg+xml,${encodeURIComponent(readFileSync(`public${ICON}`, "utf8"))}"`),
  },
});

export default defineConfig({
  base: "./", // the service says where the page lies, in <base>
  plugins: [licenses(), inlineIcon()],
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
