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
  for (const scrolling of document.querySelectorAll("pre, .table-wrapper, .cell_output")) {
    if (scrolling.scrollWidth > scrolling.clientWidth) scrolling.tabIndex = 0; // so that arrow keys scroll it
  }
});
