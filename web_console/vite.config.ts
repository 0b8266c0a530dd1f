import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const BARS = { js: 180_000, css: 20_000 };
const COMPRESSED = /\.(js|css|html|svg|json)$/;

/** Puts .gz and .br beside every text file, and fails the build when the first page's code grows beyond the bars. */
function compressAndWeigh(): Plugin {
  return {
    name: "howdah-compress",
    apply: "build",
    writeBundle(options, bundle) {
      const directory = options.dir!;
      const weights = { js: 0, css: 0 };
      const initial = new Set<string>();
      const follow = (name: string): void => {
        const chunk = bundle[name];
        if (initial.has(name) || chunk?.type !== "chunk") return;
        initial.add(name);
        for (const imported of chunk.imports) follow(imported);
      };
      for (const chunk of Object.values(bundle)) if (chunk.type === "chunk" && chunk.isEntry) follow(chunk.fileName);
      for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
        const path = join(directory, name);
        if (!COMPRESSED.test(name) || !statSync(path).isFile()) continue;
        const plain = readFileSync(path);
        const packed = gzipSync(plain, { level: 9 });
        writeFileSync(`${path}.gz`, packed);
        writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        if (initial.has(name)) weights.js += packed.length;
        if (name.endsWith(".css")) weights.css += packed.length;
      }
      this.info(`initial JavaScript ${weights.js} bytes gzipped, CSS ${weights.css}`);
      writeFileSync(join(directory, "weight.json"), `${JSON.stringify(weights)}\n`);
      for (const kind of ["js", "css"] as const)
        if (weights[kind] > BARS[kind]) this.error(`${kind}: ${weights[kind]} bytes gzipped, the bar is ${BARS[kind]}`);
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), compressAndWeigh()],
  build: { target: "es2022", sourcemap: false, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": { target: process.env.HOWDAH_API_URL ?? "http://127.0.0.1:8700" } } },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
