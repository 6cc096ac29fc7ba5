// Runs before the first paint, so that the page never flashes in the other theme.
"use strict";
(() => {
  let theme = "auto";
  try {
    theme = localStorage.getItem("tenfold-theme") || "auto";
  } catch {
    // no storage: follow the system
  }
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
})();
