"use strict";
// From a folder no page can read another: the search then lists pages without their summaries.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
(() => { // Buttons of the page header, and menus that close when a reader goes elsewhere.
  const menus = () => document.querySelectorAll("details.dropdown[open]");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-call]");
    if (button) window[button.dataset.call]?.();
    menus().forEach((menu) => { if (button || !menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") menus().forEach((menu) => { menu.open = false; menu.firstElementChild.focus(); });
  });
})();
