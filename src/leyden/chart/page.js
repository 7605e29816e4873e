(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const boxes = [...document.querySelectorAll("input[data-alias]")];
  const state = document.querySelector("[data-state]");
  const everything = document.querySelector("[data-all]");
  const search = document.querySelector("#search");
  const found = document.querySelector("[data-found]");

  // Cells that span rows move to the first row that is left, and shrink to the rows that are.
  const partitions = [...document.querySelectorAll("tbody.partition")].map((body) => {
    const rows = [...body.rows];
    const spans = rows.flatMap((row, start) =>
      [...row.cells]
        .filter((cell) => cell.hasAttribute("data-spans"))
        .map((cell) => ({
          cell,
          rows: rows.slice(start, start + cell.rowSpan),
          column: Number(cell.dataset.column),
        })),
    );
    return { body, rows, spans };
  });

  // What a search looks at: an item with the key of its partition, an access pattern, an attribute.
  const texts = new Map();
  for (const { rows, spans } of partitions) {
    for (const row of rows) {
      const around = spans.filter((span) => span.rows.includes(row)).map(({ cell }) => cell);
      texts.set(row, [row, ...around].map((part) => part.textContent).join(" ").toLowerCase());
    }
  }
  for (const part of document.querySelectorAll("[data-search]")) {
    const entry = part.closest(".entry");
    const head = entry ? entry.querySelector(".entity").textContent : "";
    texts.set(part, `${head} ${part.textContent}`.toLowerCase());
  }

  const place = ({ cell, rows, column }) => {
    const left = rows.filter((row) => !row.hidden);
    cell.remove();
    if (left.length === 0) return;
    cell.rowSpan = left.length;
    const next = [...left[0].cells].find((other) => Number(other.dataset.column) > column);
    left[0].insertBefore(cell, next ?? null);
  };

  const filter = () => {
    const chosen = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.alias));
    const words = (search?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const asked = (part) => words.every((word) => texts.get(part).includes(word));
    const shown = new Set();
    for (const { body, rows, spans } of partitions) {
      for (const row of rows) {
        row.hidden = !(chosen.has(row.dataset.alias) && asked(row));
        if (!row.hidden) shown.add(row.dataset.example);
      }
      spans.forEach(place);
      body.hidden = rows.every((row) => row.hidden);
    }
    for (const part of document.querySelectorAll("[data-members]")) {
      part.hidden = !JSON.parse(part.dataset.members).some((alias) => chosen.has(alias));
    }
    const hits = { pattern: 0, attribute: 0, call: 0 };
    for (const part of document.querySelectorAll("[data-search]")) {
      part.hidden = part.closest("[data-members]").hidden || !asked(part);
      if (!part.hidden) hits[part.dataset.search] += 1;
    }
    for (const entry of document.querySelectorAll(".entry")) {
      entry.hidden ||= [...entry.querySelectorAll("[data-search]")].every((row) => row.hidden);
    }
    const all = new Set(partitions.flatMap(({ rows }) => rows.map((row) => row.dataset.example)));
    root.dataset.shown = String(shown.size);
    if (state) state.textContent = `${shown.size} of ${all.size} example items shown`;
    if (everything) everything.hidden = chosen.size === boxes.length;
    if (found) {
      const counted = [
        [hits.pattern, "access pattern"],
        [shown.size, "item"],
        [hits.attribute, "attribute"],
      ].map(([count, noun]) => `${count} ${noun}${count === 1 ? "" : "s"}`);
      found.textContent = words.length ? `found: ${counted.join(", ")}` : "";
    }
  };

  const show = (button) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const other of document.querySelectorAll("button[data-finds]")) {
      other.setAttribute("aria-pressed", String(on && other === button));
    }
    for (const row of document.querySelectorAll("tr.found")) row.classList.remove("found");
    if (!on) return;
    const names = new Set(JSON.parse(button.dataset.finds));
    const board = button.closest(".board");
    const rows = [...board.querySelectorAll("tr[data-example]")].filter((row) =>
      names.has(row.dataset.example),
    );
    for (const row of rows) row.classList.add("found");
    rows[0]?.scrollIntoView({ block: "nearest" });
  };

  boxes.forEach((box) => box.addEventListener("change", filter));
  search?.addEventListener("input", filter);
  everything?.addEventListener("click", () => {
    boxes.forEach((box) => {
      box.checked = true;
    });
    filter();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-finds]");
    if (button) show(button);
  });
  filter();
})();
