// Writes the page: transpiles the component for browsers, and puts all into one file.
// node build.mjs COMPONENT PAGE
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";

import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { build } from "esbuild";

const [component, page] = process.argv.slice(2);
const here = (path) => new URL(path, import.meta.url);

const { files } = await transpileBytes(await readFile(component), {
  name: "component",
  instantiation: { tag: "async" },
  noTypescript: true,
  minify: true,
});
const entries = Object.entries(files);
const script = entries.find(([name]) => name === "component.js");
const modules = entries.filter(([name]) => name.endsWith(".wasm"));
const compressed = modules.map(([name, bytes]) => [name, Buffer.from(gzipSync(bytes, { level: 9 })).toString("base64")]);
const virtual = {
  component: Buffer.from(script[1]).toString(),
  modules: `export default ${JSON.stringify(Object.fromEntries(compressed))};`,
};

// A classic script: modules aren't loaded from disk.
const bundle = await build({
  entryPoints: [here("page/page.js").pathname],
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  platform: "browser",
  target: "es2022",
  // What jco has for other hosts than browsers.
  external: ["node:*"],
  logOverride: { "empty-import-meta": "silent" },
  plugins: [
    {
      name: "component",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^(component|modules)$/ }, ({ path }) => ({ path, namespace: "component" }));
        onLoad({ filter: /.*/, namespace: "component" }, ({ path }) => ({ contents: virtual[path], resolveDir: here(".").pathname }));
      },
    },
  ],
});
const text = bundle.outputFiles[0].text.replaceAll("</script", "<\\/script");
const style = (await readFile(here("../loadtest/templates/report.css"), "utf8")) + (await readFile(here("page/page.css"), "utf8"));
const hash = `sha256-${createHash("sha256").update(text).digest("base64")}`;
const parts = { "script-hash": hash, style, script: text };
const template = await readFile(here("page/index.html"), "utf8");
const html = template.replace(/\{\{([a-z-]+)\}\}/g, (_, name) => parts[name]);
await mkdir(dirname(page), { recursive: true });
await writeFile(page, html);
console.error(`${page}: ${Math.round(html.length / 1024)} KiB, ${Math.round(gzipSync(html).length / 1024)} KiB compressed`);
