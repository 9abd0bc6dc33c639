// The pictures of the course look for the theme where JupyterLab writes it: on the body.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function tell() {
  const { theme } = document.body.dataset;
  const isDark = theme === "dark" || (theme !== "light" && dark.matches);
  document.body.dataset.jpThemeLight = String(!isDark);
}
addEventListener("DOMContentLoaded", () => {
  tell();
  new MutationObserver(tell).observe(document.body, { attributeFilter: ["data-theme"] });
  dark.addEventListener("change", tell);
  // The theme's headings of the list of pages have no level, which readers of a screen need.
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.ariaLevel = "2";
  for (const scrolling of document.querySelectorAll("pre, .table-wrapper, .cell_output, div.math")) {
    if (scrolling.scrollWidth > scrolling.clientWidth) scrolling.tabIndex = 0; // so that arrow keys scroll it
  }
});
