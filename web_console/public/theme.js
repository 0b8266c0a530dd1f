// Before the first paint: the theme that the user chose, else the system's. The console goes on from there.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("howdah.theme");
  } catch {
    // no storage: the system's theme
  }
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = chosen === "dark" || chosen === "light" ? chosen : system;
})();
