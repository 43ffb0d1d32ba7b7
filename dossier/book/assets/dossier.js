"use strict";
(() => {
  const here = document.currentScript.src;

  // A page opened from a folder may be refused its storage; then nothing is remembered.
  const storage = (verb, value) => {
    try { return localStorage[`${verb}Item`]("dossier-evidence", value); } catch { return null; }
  };

  // ---- Cards: a claim's mark shows its card on hover, focus and first tap; Escape closes it.
  let open = null, opener = null, timer = 0;
  const chartCard = document.createElement("div");
  chartCard.className = "claim-card";
  const close = () => {
    if (!open) return;
    if (open === chartCard) chartCard.remove();
    else document.querySelector(".claim-cards").append(open);
    opener?.removeAttribute("aria-describedby");
    open = opener = null;
  };
  const place = (card, at) => {
    close();
    document.body.append(card);
    open = card;
    const size = card.getBoundingClientRect();
    const left = Math.max(12, Math.min(at.left, document.documentElement.clientWidth - size.width - 12));
    const above = at.bottom + size.height + 8 > window.innerHeight && at.top > size.height + 8;
    card.style.left = `${left + window.scrollX}px`;
    card.style.top = `${window.scrollY + (above ? at.top - size.height - 6 : at.bottom + 6)}px`;
  };
  // Where the reader has chosen a day, a card tells how many of its origins had been published by then.
  const dated = (card, claim) => {
    card.querySelector(".card-by")?.remove();
    if (!wanted.asof || !(claim in support)) return;
    const by = support[claim][0].filter((day) => day <= wanted.asof).length;
    const textContent = `By ${wanted.asof}: ${by} independent origin${by === 1 ? "" : "s"}.`;
    card.append(Object.assign(document.createElement("p"), { className: "card-line card-by", textContent }));
  };
  const show = (mark) => {
    const card = document.getElementById(`card-${mark.dataset.claim}`);
    if (!card || card === open && mark === opener) return;
    dated(card, mark.dataset.claim);
    place(card, mark.getBoundingClientRect());
    mark.setAttribute("aria-describedby", card.id);
    opener = mark;
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
    else if (!mark && !event.target.closest(".claim-card, .figure-live")) close();
  });

  // ---- A mark of a chart shows what the chart says of it, and the card of its claim or the links to its claims.
  const told = ["Claim", "Says", "Grade", "Independent origins"];  // dossier.TOOLTIP; the claim's card says it too
  const showDatum = (figure, event, datum, value) => {
    const claims = (datum.claim_id ?? datum.claim_ids ?? "").split(" ").filter(Boolean);
    const card = claims.length === 1 && document.getElementById(`card-${claims[0]}`);
    const lines = Object.entries(value).filter(([key]) => !(card && told.includes(key))).map(([key, text]) => {
      const line = document.createElement("p");
      line.className = "card-line";
      line.append(Object.assign(document.createElement("b"), { textContent: `${key}: ` }), text);
      return line;
    });
    const links = document.createElement("p");
    if (!card) for (const link of figure.querySelectorAll(".figure-data a"))
      if (claims.includes(link.textContent) && links.childElementCount < 12
          && ![...links.children].some((other) => other.textContent === link.textContent))
        links.append(link.cloneNode(true), " ");
    if (card) dated(card, claims[0]);
    chartCard.replaceChildren(...lines, ...(card ? card.cloneNode(true).childNodes : [links]));
    place(chartCard, new DOMRect(event.clientX, event.clientY, 1, 1));
  };

  // ---- Figures: the static drawing stays until a reader reaches for the chart; then the live one takes over.
  const scripts = {};
  const load = (address) => scripts[address] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => { delete scripts[address]; reject(new Error(`${address} did not load; the drawing stays`)); };
    document.head.append(script);
  });
  const root = document.documentElement;
  const property = (name) => getComputedStyle(root).getPropertyValue(`--figure-${name}`).trim();
  // A chart is written in the light colours; swap each for the value of the reader's theme.
  const themed = (text) => property("tokens").replaceAll('"', "").split(" ").reduce(
    (result, token) => result.replaceAll(new RegExp(property(`light-${token}`), "gi"), property(token)), text);
  // ---- Evidence control: rows whose claims rest on too few origins leave the live charts and their tables.
  const control = document.querySelector(".evidence-control");
  const support = JSON.parse(document.getElementById("claim-support")?.textContent ?? "{}");
  const all = { origins: 1, credibility: 6, asof: "" };
  const wanted = { ...all };
  const passes = (claims) => !claims || claims.split(" ").some((claim) => {
    const [days, credibility] = support[claim] ?? [[], 0];
    const origins = wanted.asof ? days.filter((day) => day <= wanted.asof).length : days.length;
    return !(claim in support) || origins >= wanted.origins && credibility <= wanted.credibility;
  });
  const strict = () => Object.keys(all).some((name) => wanted[name] !== all[name]);
  const filtered = (spec) => {
    // A row of several claims keeps those that pass; a column `claims` beside them is their count.
    const keep = (rows) => rows.filter((row) => passes(row.claim_id ?? row.claim_ids)).map((row) => {
      if (!row.claim_ids || !("claims" in row)) return row;
      const claim_ids = row.claim_ids.split(" ").filter(passes);
      return { ...row, claim_ids: claim_ids.join(" "), claims: claim_ids.length };
    });
    for (const set of spec.data) if (Array.isArray(set.values)) set.values = keep(set.values);
    return spec;
  };
  const filterTable = (figure) => {
    const rows = [...figure.querySelectorAll(".figure-data tbody tr")];
    for (const row of rows) {
      row.hidden = !passes(row.dataset.claims);
      for (const link of row.querySelectorAll("a")) link.hidden = !passes(link.textContent);
    }
    const shown = rows.filter((row) => !row.hidden).length;
    figure.querySelector(".figure-shown").textContent = strict() ? `Shown: ${shown} of ${rows.length} rows.` : "";
  };
  const enliven = async (figure) => {
    const box = figure.querySelector(".figure-chart");
    const shown = [...box.querySelectorAll(".figure-static")].find((part) => part.offsetParent);
    if (!shown) return;
    const drawing = shown.querySelector("svg");
    const place = document.createElement("div");
    place.className = "figure-live";
    try {
      await Promise.all([load(new URL("vega.js", here).href), load(new URL(figure.dataset.script, location.href).href)]);
      const spec = filtered(JSON.parse(themed(JSON.stringify(window.dossierFigures[figure.dataset.figure]))));
      if (spec.autosize?.type?.startsWith("fit")) spec.width = Math.round(drawing.getBoundingClientRect().width);
      const old = box.querySelector(".figure-live");
      place.hidden = true;
      box.append(place);
      const { view } = await window.vegaEmbed(place, spec, {
        mode: "vega", renderer: "svg", actions: false,
        ast: true, defaultStyle: false,  // interpreted and unstyled: the policy of the page allows no eval, no <style>
        tooltip: (_, event, item, value) => {
          if (value && typeof value === "object") { clearTimeout(timer); showDatum(figure, event, item.datum, value); }
          else later(close);
        },
      });
      view.addEventListener("click", (event, item) => {  // a finger moves no pointer, so it calls no tooltip
        if (item?.tooltip) { clearTimeout(timer); showDatum(figure, event, item.datum, item.tooltip); }
      });
      old?.remove();
      place.hidden = false;
      box.classList.add("is-live");
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
  document.addEventListener("focusin", reach);
  const redraw = () => document.querySelectorAll(".figure-chart.is-live").forEach((box) => {
    box.classList.remove("is-live");
    box.querySelector(".figure-live")?.remove();
    enliven(box.closest(".dossier-figure"));
  });
  new MutationObserver(redraw).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  let theme = null;  // paper is white, whatever the screen was
  addEventListener("beforeprint", () => { theme = root.dataset.theme; root.dataset.theme = "light"; });
  addEventListener("afterprint", () => { root.dataset.theme = theme; });
  let width = root.clientWidth;
  addEventListener("resize", () => { if (root.clientWidth !== width) { width = root.clientWidth; redraw(); } });

  if (control) {
    const named = document.querySelectorAll("article .claim-mark, .register-claims .register-entry");
    const apply = () => {
      const found = {};
      for (const place of named) {
        const claim = place.dataset.claim ?? place.id;
        place.classList.toggle("left-out", !(found[claim] = passes(claim)));
      }
      const ids = Object.keys(found);
      control.querySelector(".control-shown").textContent =
        strict() ? `${ids.filter((id) => found[id]).length} of ${ids.length} claims of this page` : "";
      for (const figure of document.querySelectorAll(".dossier-figure")) {
        filterTable(figure);
        const box = figure.querySelector(".figure-chart");
        if (strict() || box.classList.contains("is-live")) { box.dataset.reached = "yes"; enliven(figure); }
      }
    };
    const set = (values) => {
      for (const name of Object.keys(all)) {
        const value = values[name] ?? all[name];
        wanted[name] = name === "asof" ? String(value) : Number(value);
        control.elements[name].value = wanted[name];
      }
    };
    // An address with ?asof=2024-12-31 shows the page so; otherwise what this reader last chose.
    const asked = new URLSearchParams(location.search).get("asof");
    set({ ...JSON.parse(storage("get") ?? "{}"), ...(asked ? { asof: asked } : {}) });
    const change = (values) => { set(values); storage("set", JSON.stringify(wanted)); apply(); };
    control.addEventListener("change", () => change(Object.fromEntries(new FormData(control))));
    control.addEventListener("reset", (event) => { event.preventDefault(); change(all); });
    control.addEventListener("submit", (event) => event.preventDefault());
    control.classList.remove("waiting");
    if (strict()) apply();
  }

  // ---- Tables of figures sort by a column when its head is pressed.
  for (const head of document.querySelectorAll(".sortable thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = head.closest("table").tBodies[0], column = head.cellIndex;
      const order = new Intl.Collator(undefined, { numeric: true }).compare;
      const rows = [...body.rows].sort((a, b) => order(a.cells[column].textContent, b.cells[column].textContent));
      body.append(...(down ? rows.reverse() : rows));
    });
  }

  // ---- Citations: a button copies each, with its italics; without scripts the text can be selected.
  const copied = async (text) => {
    try {
      const kinds = { "text/plain": text.textContent, ...(text.matches("pre") ? {} : { "text/html": text.innerHTML }) };
      const parts = Object.entries(kinds).map(([type, part]) => [type, new Blob([part], { type })]);
      await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(parts))]);
    } catch { // an old browser, or a page that is not served safely
      text.closest("details")?.setAttribute("open", "");
      getSelection().selectAllChildren(text);
      if (!document.execCommand("copy")) throw new Error("not copied");
    }
  };
  for (const text of document.querySelectorAll(".cite-text")) {
    const format = text.closest(".cite-format");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "cite-copy", textContent: "Copy" });
    const name = format.querySelector("b, summary")?.textContent ?? "the citation";
    const said = Object.assign(document.createElement("span"), { className: "visually-hidden" });
    said.textContent = ` ${name}`;
    button.append(said);
    button.addEventListener("click", () => copied(text).then(
      () => { button.firstChild.data = "Copied"; setTimeout(() => { button.firstChild.data = "Copy"; }, 2000); },
      () => { button.firstChild.data = "Selected: copy by keyboard"; }));
    format.insertBefore(button, format.querySelector(":scope > a"));
  }
})();
