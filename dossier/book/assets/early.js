"use strict";
(() => { // A page that has moved leads on by itself; a script can take the place within the page along.
  const moved = document.querySelector('meta[http-equiv="refresh"]')?.content.replace(/^.*?url=/, "");
  if (moved) location.replace(moved + location.search + (moved.includes("#") ? "" : location.hash));
})();
(() => { // Before anything is drawn: the reader's theme, so that a dark page does not flash.
  const root = document.documentElement;
  let mode = "auto";
  try { mode = localStorage.getItem("mode") || mode; } catch { /* storage is closed: the system's theme */ }
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? system : mode;
})();
