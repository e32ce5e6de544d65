"use strict";
(() => {
  // Text from the target is only set through textContent, so it is never markup.
  const data = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters");
  const drawer = document.getElementById("drawer");
  const body = document.getElementById("d-body");
  const tiles = [...document.querySelectorAll(".tile")];
  const rows = [...document.querySelectorAll("tr.rule")].map((row) => ({
    row,
    text: row.querySelector("th").textContent.toLowerCase(),
    kind: row.parentElement.dataset.kind,
    cells: [...row.querySelectorAll("td")].map((td) => td.querySelector("button")),
  }));
  const numbers = new Map(data.checks.map((check, number) => [check.id, number]));
  const byClause = new Map(data.checks.map((check, number) => [check.clause, number]).reverse());

  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const filter = () => {
    const want = Object.fromEntries(new FormData(form));
    const words = want.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, text, kind, cells } of rows) {
      let hits = 0;
      cells.forEach((cell, column) => {
        if (!cell) return;
        const check = data.checks[cell.dataset.check];
        const all = text + " " + check.id.toLowerCase() + " " + check.detail.toLowerCase();
        const hit =
          words.every((word) => all.includes(word)) &&
          (!want.outcome || check.css === want.outcome) &&
          (!want.grade || check.grade === want.grade) &&
          (!want.kind || kind === want.kind) &&
          (!want.model || column === Number(want.model));
        cell.classList.toggle("dim", !hit);
        hits += hit;
      });
      row.hidden = !hits;
      shown += hits;
    }
    for (const group of document.querySelectorAll("tbody")) group.hidden = !group.querySelector("tr.rule:not([hidden])");
    for (const tile of tiles) tile.setAttribute("aria-pressed", String(tile.dataset.outcome === want.outcome));
    document.getElementById("found").textContent = `${shown} of ${data.checks.length} checks`;
    document.getElementById("nothing").hidden = shown > 0;
  };

  // Indent the text itself: parsing and serializing it would turn 1.0 into 1.
  const pretty = (text) => {
    try { JSON.parse(text); } catch { return text; }
    let depth = 0;
    const feed = () => "\n" + "  ".repeat(depth);
    return text.replace(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|\s+/g, (token) => {
      if (token === "{" || token === "[") { depth += 1; return token + feed(); }
      if (token === "}" || token === "]") { depth -= 1; return feed() + token; }
      if (token === ",") return token + feed();
      return token === ":" ? ": " : token.trim();
    });
  };

  const part = (parent, title, text, copy) => {
    if (!text) return;
    const heading = make("h4", title);
    if (copy) {
      const button = make("button", "copy");
      button.type = "button";
      button.addEventListener("click", () => navigator.clipboard.writeText(text).then(
        () => { button.textContent = "copied"; },
        () => { button.textContent = "not permitted"; },
      ));
      heading.append(button);
    }
    parent.append(heading, make("pre", text));
  };

  const exchange = (place, open) => {
    const one = data.exchanges[place];
    const text = (name) => data.texts[one[name]];
    const details = make("details", undefined, "exchange");
    details.open = open;
    const summary = make("summary");
    summary.append(make("code", `${one.m} ${text("u")}`), make("b", one.s ? String(one.s) : "no response"));
    const inside = make("div", undefined, "inside");
    inside.append(make("small", `entry ${one.n} of the recording, key: ${one.k}, after ${one.at} s${one.p ? `, probe: ${one.p}` : ""}`));
    part(inside, "Request", [text("rh"), pretty(text("rb"))].filter(Boolean).join("\n\n"));
    part(inside, "Response", one.s ? [`${one.s}`, text("h"), "", pretty(text("b"))].join("\n").trim() : `none: ${one.f || "the connection closed"}`);
    part(inside, "Repeat", text("c"), true);
    details.append(summary, inside);
    return details;
  };

  const link = (name) => {
    const number = numbers.get(name) ?? byClause.get(name);
    if (number === undefined) return make("code", name);
    const button = make("button", name, "link");
    button.type = "button";
    button.addEventListener("click", () => show(number));
    return button;
  };

  const show = (number) => {
    const check = data.checks[number];
    document.getElementById("d-title").textContent = check.id;
    body.replaceChildren();
    const outcome = make("p", undefined, "outcome");
    outcome.append(make("span", check.symbol, `mark ${check.css}`), make("span", check.outcome), make("span", `${check.grade}, ${check.kind}`, "tag"));
    body.append(outcome, make("p", check.says, "says"));
    body.append(make("p", check.source, "source"));
    if (check.note) body.append(make("p", check.note, "hint"));
    const list = make("dl", undefined, "said");
    const fact = (name, ...values) => { const dd = make("dd"); dd.append(...values); list.append(make("dt", name), dd); };
    if (check.model) fact("model", check.model);
    if (check.detail) fact("detail", check.detail);
    if (check.cases) fact("tested", `${check.cases} ${check.cases === 1 ? "time" : "times"}`);
    if (check.cause) fact("cause", link(check.cause));
    const following = data.checks.filter((other) => other.cause === check.id).slice(0, 20);
    if (following.length) fact("effects", ...following.flatMap((other) => [link(other.id), make("br")]));
    body.append(list);
    if (check.total) {
      const many = check.total > check.exchanges.length ? `${check.exchanges.length} of ${check.total}; the others repeat these or are in recording.har` : String(check.total);
      body.append(make("h3", `Exchanges (${many})`));
      check.exchanges.forEach((place, index) => body.append(exchange(place, index === 0)));
    }
    if (!drawer.open) drawer.showModal();
    drawer.scrollTop = 0;
    history.replaceState(null, "", `#check=${encodeURIComponent(check.id)}`);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-check]");
    if (button) show(Number(button.dataset.check));
    if (event.target === drawer) drawer.close();
  });
  document.getElementById("close").addEventListener("click", () => drawer.close());
  drawer.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  for (const tile of tiles) {
    tile.addEventListener("click", () => {
      form.elements.outcome.value = tile.getAttribute("aria-pressed") === "true" ? "" : tile.dataset.outcome;
      filter();
      document.getElementById("matrix").scrollIntoView();
    });
  }
  const wanted = decodeURIComponent((location.hash.match(/^#check=(.*)$/) || ["", ""])[1]);
  if (numbers.has(wanted)) show(numbers.get(wanted));
  filter();
})();
