// Joins each widget's view and what it imports into one module and one stylesheet, which is what anywidget
// loads:
//
//   npm run build    writes leftcontext/widgets/bundles/
//   npm run check    (or --check) fails where what lies there is not what the sources give
//
// The sources stay the truth. A bundle has neither their comments nor their indentation, since every notebook
// that is saved with its widgets carries it along; names are kept, so that an error can be read.
// sources.sha256 says which sources went in, so that a test sees a forgotten build where there is no Node.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const WIDGETS = dirname(fileURLToPath(import.meta.url));
const BUNDLES = join(WIDGETS, "bundles");
const FOLDERS = readdirSync(WIDGETS).filter((folder) => existsSync(join(WIDGETS, folder, "view.js")));
const ENTRIES = [
  ...FOLDERS.flatMap((folder) =>
    ["js", "css"].map((kind) => ({ in: `${folder}/view.${kind}`, out: folder })),
  ),
  ...["js", "css"].map((kind) => ({ in: `shared/page.${kind}`, out: "page" })),
];

const BUNDLED = {
  bundle: true,
  charset: "utf8",
  minifyWhitespace: true,
  legalComments: "none",
  write: false,
};

/**
 * `import source from "worker:./worker.js"` gives the text of that script with all that it imports, from which a
 * page starts a worker: a widget is one module, and a page that is opened as a file may load no other.
 *
 * @param {Set<string>} sources what goes into workers is added here
 */
const workers = (sources) => ({
  name: "workers",
  /** @param {import("esbuild").PluginBuild} build */
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^worker:/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.slice("worker:".length)),
      namespace: "worker-text",
    }));
    onLoad({ filter: /.*/, namespace: "worker-text" }, async ({ path }) => {
      const options = {
        absWorkingDir: WIDGETS,
        entryPoints: [path],
        format: "iife",
        metafile: true,
        minify: true, // names too: nobody reads this text, and every saved notebook carries it
      };
      const { outputFiles, metafile } = await build({ ...BUNDLED, ...options });
      for (const source of Object.keys(metafile.inputs)) sources.add(source);
      return { contents: outputFiles[0].text, loader: "text" };
    });
  },
});

/** What belongs in bundles/, by file name. */
async function bundles() {
  /** @type {Set<string>} */
  const sources = new Set();
  const { outputFiles, metafile } = await build({
    ...BUNDLED,
    absWorkingDir: WIDGETS,
    entryPoints: ENTRIES,
    outdir: BUNDLES,
    format: "esm",
    metafile: true,
    plugins: [workers(sources)],
  });
  for (const source of Object.keys(metafile.inputs))
    if (!source.startsWith("worker-text:")) sources.add(source);
  const sums = [...sources].sort().map(
    (source) =>
      `${createHash("sha256")
        .update(readFileSync(join(WIDGETS, source)))
        .digest("hex")}  ${source}\n`,
  );
  const files = outputFiles.map(({ path, text }) => /** @type {[string, string]} */ ([basename(path), text]));
  return new Map([...files, ["sources.sha256", sums.join("")]]);
}

const wanted = await bundles();
const there = existsSync(BUNDLES) ? readdirSync(BUNDLES) : [];
const stale = [...new Set([...wanted.keys(), ...there])].filter((name) => {
  const file = join(BUNDLES, name);
  return !existsSync(file) || readFileSync(file, "utf8") !== wanted.get(name);
});
if (process.argv.includes("--check")) {
  for (const name of stale) {
    console.error(
      `${relative(process.cwd(), join(BUNDLES, name))} is not what the sources give. Run: npm run build`,
    );
  }
  process.exitCode = stale.length ? 1 : 0;
} else {
  mkdirSync(BUNDLES, { recursive: true });
  for (const name of stale) {
    const text = wanted.get(name);
    if (text === undefined) rmSync(join(BUNDLES, name));
    else writeFileSync(join(BUNDLES, name), text);
  }
  console.log(`${stale.length} of ${wanted.size} bundles are new.`);
}
