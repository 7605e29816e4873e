(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const boxes = [...document.querySelectorAll("input[data-alias]")];
  const state = document.querySelector("[data-state]");
  const everything = document.querySelector("[data-all]");

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
    const shown = new Set();
    for (const { body, rows, spans } of partitions) {
      for (const row of rows) {
        row.hidden = !chosen.has(row.dataset.alias);
        if (!row.hidden) shown.add(row.dataset.example);
      }
      spans.forEach(place);
      body.hidden = rows.every((row) => row.hidden);
    }
    for (const part of document.querySelectorAll("[data-members]")) {
      part.hidden = !JSON.parse(part.dataset.members).some((alias) => chosen.has(alias));
    }
    const all = new Set(partitions.flatMap(({ rows }) => rows.map((row) => row.dataset.example)));
    root.dataset.shown = String(shown.size);
    if (state) state.textContent = `${shown.size} of ${all.size} example items shown`;
    if (everything) everything.hidden = chosen.size === boxes.length;
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
    const found = [...board.querySelectorAll("tr[data-example]")].filter((row) =>
      names.has(row.dataset.example),
    );
    for (const row of found) row.classList.add("found");
    found[0]?.scrollIntoView({ block: "nearest" });
  };

  boxes.forEach((box) => box.addEventListener("change", filter));
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
