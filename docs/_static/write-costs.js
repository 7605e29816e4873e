// The write units of a write: the arithmetic of `explain()`, for the calculator in the page on costs.
(function (root) {
  "use strict";

  const WRITE_UNIT = 1024;

  function units(bytes) {
    return Math.max(1, Math.ceil(bytes / WRITE_UNIT));
  }

  // `indexes` has, for each index, the bytes of its entry, and whether its key changes.
  function cost({ bytes, indexes = [], others = 0, inTransaction = false }) {
    const entries = indexes.map((index) => units(index.bytes) * (index.moves ? 2 : 1));
    const all = units(bytes) + entries.reduce((sum, one) => sum + one, 0) + others;
    return inTransaction ? all * 2 : all;
  }

  // What the four kinds of writes cost for one design.
  function costs({ bytes, whole, keysOnly, moving, unique }) {
    const keyBytes = Math.min(bytes, 200);
    const entries = (moves) => [
      ...Array.from({ length: whole }, (_, n) => ({ bytes, moves: n < moves })),
      ...Array.from({ length: keysOnly }, (_, n) => ({ bytes: keyBytes, moves: n + whole < moves })),
    ];
    const guarded = { others: unique, inTransaction: unique > 0 };
    // Indexes with keys alone do not hold the attribute that changes, unless their key does.
    const touched = entries(moving).filter((index, n) => index.moves || n < whole);
    return {
      create: cost({ bytes, indexes: entries(0), ...guarded }),
      update: cost({ bytes, indexes: entries(0).slice(0, whole) }),
      move: cost({ bytes, indexes: touched }),
      delete: cost({ bytes, indexes: entries(0), ...guarded }),
    };
  }

  function start(form) {
    const number = (name) => Math.max(0, Number(form.elements[name].value) || 0);
    const show = () => {
      const indexes = number("whole") + number("keysOnly");
      const found = costs({
        bytes: number("size") * 1024,
        whole: number("whole"),
        keysOnly: number("keysOnly"),
        moving: Math.min(number("moving"), indexes),
        unique: number("unique"),
      });
      for (const [name, value] of Object.entries(found)) {
        form.querySelector(`[data-units="${name}"]`).textContent = value.toLocaleString("en");
        const price = (value * number("price") * number("writes")) / 1e6;
        form.querySelector(`[data-price="${name}"]`).textContent = price.toLocaleString("en", {
          maximumFractionDigits: 2,
        });
      }
    };
    form.addEventListener("input", show);
    show();
  }

  if (typeof module === "object") {
    module.exports = { units, cost, costs };
  } else {
    root.addEventListener("DOMContentLoaded", () => {
      document.querySelectorAll("form.write-costs").forEach(start);
    });
  }
})(globalThis);
