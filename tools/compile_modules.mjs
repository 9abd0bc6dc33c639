// Run a Python file in Pyodide, with packages of its lock file, and write the bytes of its last line into a file:
// node compile_modules.mjs PYODIDE FILE OUTPUT PACKAGES...
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, file, output, ...packages] = process.argv.slice(2);
const distribution = resolve(folder);
const { loadPyodide } = await import(pathToFileURL(`${distribution}/pyodide.mjs`).href);
try {
  const pyodide = await loadPyodide({ indexURL: `${distribution}/` });
  await pyodide.loadPackage(packages, { messageCallback() {} });
  writeFileSync(output, (await pyodide.runPythonAsync(readFileSync(file, "utf-8"))).toJs());
} catch (error) {
  console.error(String(error)); // without the line of Pyodide's script, which is longer than a pipe holds
  process.exitCode = 1;
}
