// @ts-check
// The cell that a quiz's answer stands in, as JupyterLab shows it above the quiz.

/**
 * What of CodeMirror 6 is needed here. The editor's element leads to its view under a name that depends on
 * the version.
 *
 * @typedef {{ state: { doc: { toString(): string } }, dispatch(change: object): void }} Editor
 * @typedef {HTMLElement & { cmView?: Holder, cmTile?: Holder }} EditorElement
 * @typedef {{ view?: Editor, rootView?: { view?: Editor } }} Holder
 */

/**
 * Put `line` in the place of the line that assigns to `name`; false where there is no such cell within reach.
 *
 * @param {HTMLElement} node within the output of the cell that checks
 * @param {string} name
 * @param {string} line
 */
export function writeAnswer(node, name, line) {
  const assignment = new RegExp(`^${name}[ \\t]*=.*$`, "m");
  for (const editor of editorsAbove(node)) {
    const found = assignment.exec(editor.state.doc.toString());
    if (found) {
      const changes = { from: found.index, to: found.index + found[0].length, insert: line };
      editor.dispatch({ changes });
      return editor.state.doc.toString().includes(line);
    }
  }
  return false;
}

/**
 * The editors of the cells above, the nearest first.
 *
 * @param {HTMLElement} node
 */
function editorsAbove(node) {
  const own = node.closest(".jp-Cell");
  const cells = [...document.querySelectorAll(".jp-Cell")];
  const above = own ? cells.slice(0, cells.indexOf(own)).reverse() : [];
  return above
    .map((cell) => editorOf(cell.querySelector(".cm-content")))
    .filter((editor) => editor !== undefined);
}

/**
 * @param {EditorElement | null} content
 * @returns {Editor | undefined}
 */
function editorOf(content) {
  const holder = content?.cmView ?? content?.cmTile;
  return holder?.view ?? holder?.rootView?.view;
}
