// Run a Python file in Pyodide, with the repository at /course: node in_pyodide.mjs PYODIDE REPOSITORY FILE ARGUMENTS...
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [distribution, repository, file, ...rest] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${distribution}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${distribution}/` });
await pyodide.loadPackage(["numpy", "threadpoolctl", "ipython"], { messageCallback() {} });
pyodide.FS.mkdir("/course");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: repository }, "/course");
pyodide.globals.set("ARGUMENTS", pyodide.toPy(rest));
try {
  await pyodide.runPythonAsync(`import sys; sys.dont_write_bytecode = True; sys.path.insert(0, "/course")`);
  await pyodide.runPythonAsync(readFileSync(file, "utf-8"));
} catch (error) {
  console.error(String(error.message).slice(-3000)); // Node would print all of Pyodide's source before it
  process.exit(1);
}
