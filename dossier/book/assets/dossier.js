"use strict";
(() => {
  const here = document.currentScript.src;

  // ---- Cards: a claim's mark shows its card on hover, focus and first tap; Escape closes it.
  let open = null, opener = null, timer = 0;
  const close = () => {
    if (!open) return;
    document.querySelector(".claim-cards").append(open);
    opener.removeAttribute("aria-describedby");
    open = opener = null;
  };
  const show = (mark) => {
    const card = document.getElementById(`card-${mark.dataset.claim}`);
    if (!card || card === open && mark === opener) return;
    close();
    document.body.append(card);
    const at = mark.getBoundingClientRect(), size = card.getBoundingClientRect();
    const left = Math.max(12, Math.min(at.left, document.documentElement.clientWidth - size.width - 12));
    const above = at.bottom + size.height + 8 > window.innerHeight && at.top > size.height + 8;
    card.style.left = `${left + window.scrollX}px`;
    card.style.top = `${window.scrollY + (above ? at.top - size.height - 6 : at.bottom + 6)}px`;
    mark.setAttribute("aria-describedby", card.id);
    open = card; opener = mark;
  };
  const later = (action) => { clearTimeout(timer); timer = setTimeout(action, 180); };
  const markOf = (event) => event.target.closest?.(".claim-mark");
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const mark = markOf(event);
    if (mark) later(() => show(mark));
    else if (event.target.closest?.(".claim-card")) clearTimeout(timer);
    else if (open) later(close);
  });
  document.addEventListener("focusin", (event) => {
    const mark = markOf(event);
    if (mark) { if (mark.matches(":focus-visible")) show(mark); }
    else if (!event.target.closest(".claim-card")) close();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  document.addEventListener("click", (event) => {
    const mark = markOf(event);
    if (mark && matchMedia("(hover: none)").matches && opener !== mark) { event.preventDefault(); show(mark); }
    else if (!mark && !event.target.closest(".claim-card")) close();
  });

  // ---- Figures: the static drawing stays until a reader reaches for the chart; then the live one takes over.
  let library = null;
  const load = () => library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("vega.js", here).href;
    script.onload = () => resolve(window.vegaEmbed);
    script.onerror = () => { library = null; reject(new Error("the chart library did not load")); };
    document.head.append(script);
  });
  const root = document.documentElement;
  const property = (name) => getComputedStyle(root).getPropertyValue(`--figure-${name}`).trim();
  // A chart is written in the light colours; swap each for the value of the reader's theme.
  const themed = (text) => property("tokens").replaceAll('"', "").split(" ").reduce(
    (result, token) => result.replaceAll(new RegExp(property(`light-${token}`), "gi"), property(token)), text);
  const enliven = async (figure) => {
    const box = figure.querySelector(".figure-chart");
    const shown = [...box.querySelectorAll(".figure-static")].find((part) => part.offsetParent);
    if (!shown) return;
    const drawing = shown.querySelector("svg");
    const text = figure.querySelector(".figure-spec").textContent;
    const place = document.createElement("div");
    place.className = "figure-live";
    try {
      const embed = await load();
      const spec = JSON.parse(themed(text));
      if (spec.width === "container") {
        spec.width = Math.round(drawing.getBoundingClientRect().width);
        spec.autosize = { type: "fit-x", contains: "padding" };
        spec.padding = 2;
      }
      const old = box.querySelector(".figure-live");
      place.hidden = true;
      box.append(place);
      const result = await embed(place, spec, { renderer: "svg", actions: false, logLevel: 1 });
      old?.remove();
      place.hidden = false;
      box.classList.add("is-live");
      result.view.addEventListener("click", (_, item) => {
        const claim = item?.datum?.claim_id;
        const link = claim && [...figure.querySelectorAll(".figure-data a")].find((a) => a.textContent === claim);
        if (link) location.href = link.href;
      });
    } catch (error) {
      place.remove();
      box.classList.remove("is-live");
      console.warn(error.message);
    }
  };
  const reach = (event) => {
    const box = event.target.closest?.(".figure-chart");
    if (!box || box.dataset.reached) return;
    box.dataset.reached = "yes";
    enliven(box.closest(".dossier-figure"));
  };
  document.addEventListener("pointerover", reach);
  document.addEventListener("pointerdown", reach);
  document.addEventListener("keydown", (event) => { if (event.key === "Enter") reach(event); });
  const redraw = () => document.querySelectorAll(".figure-chart.is-live").forEach((box) => {
    box.classList.remove("is-live");
    box.querySelector(".figure-live")?.remove();
    enliven(box.closest(".dossier-figure"));
  });
  new MutationObserver(redraw).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  let width = root.clientWidth;
  addEventListener("resize", () => { if (root.clientWidth !== width) { width = root.clientWidth; redraw(); } });
})();
