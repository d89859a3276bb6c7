
// Adds buttons that copy or save a table or sort it by a column, and marks the current section in the contents. The page
// is complete without them.
"use strict";
(function () {
  const text = (cell) => Array.from(cell.querySelectorAll(".value, .note"), (part) => part.textContent.trim())
    .map((part, index) => (index ? "(" + part + ")" : part)).join(" ") || cell.textContent.trim();
  const rows = (table) => Array.from(table.rows, (row) => Array.from(row.cells, (cell) => text(cell).replace(/\s+/g, " ")));
  const tsv = (table) => rows(table).map((row) => row.join("\t")).join("\n");
  // A spreadsheet would take such a cell for a formula, unless it is a number.
  const plain = (cell) => /^[=+\-@\t]/.test(cell) && !/^[+\-]?[\d.,]+\D{0,3}$/.test(cell) ? "'" + cell : cell;
  const csv = (table) => rows(table).map((row) => row.map((cell) => '"' + plain(cell).replace(/"/g, '""') + '"').join(",")).join("\r\n") + "\r\n";
  const markdown = (table) => {
    const lines = rows(table).map((row) => "| " + row.map((cell) => cell.replace(/[\\|`*<>\[\]]/g, "\\$&")).join(" | ") + " |");
    const sides = Array.from(table.rows[0].cells, (cell) => (cell.classList.contains("words") ? "---" : "---:"));
    return [lines[0], "|" + sides.join("|") + "|"].concat(lines.slice(1)).join("\n");
  };
  const copy = async (content) => {
    try {
      await navigator.clipboard.writeText(content);
    } catch (error) {
      const area = document.createElement("textarea");
      area.value = content;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const save = async (content, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + content], { type: "text/csv" }));
    link.download = name + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const nameOf = (table) => {
    const section = table.closest("section, header");
    const word = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40);
    return [section ? section.id : "", word(table.caption.textContent)].filter(Boolean).join("-");
  };
  const seconds = { ns: 1e-9, "µs": 1e-6, ms: 1e-3, s: 1 };
  const number = (cell) => {
    const value = cell.querySelector(".value");
    const found = /([-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?)(?:\s(ns|µs|ms|s)\b)?/i.exec(value ? value.textContent : cell.textContent);
    return found ? Number(found[1].replace(/,/g, "")) * (seconds[found[2]] || 1) : NaN;
  };
  const sort = (table, column, down) => {
    const words = table.rows[0].cells[column].classList.contains("words");
    const body = table.tBodies[0];
    const keyed = Array.from(body.rows, (row) => [words ? text(row.cells[column]) : number(row.cells[column]), row]);
    // Cells without a figure come last in both directions.
    const order = (a, b) => words ? a.localeCompare(b, "en", { numeric: true }) * down
      : Number.isNaN(a) || Number.isNaN(b) ? Number.isNaN(a) - Number.isNaN(b) : (a - b) * down;
    keyed.sort((one, other) => order(one[0], other[0])).forEach((pair) => body.append(pair[1]));
  };
  const sortable = (table) => Array.from(table.rows[0].cells).forEach((heading, column) => {
    if (table.tBodies[0].rows.length < 2 || !heading.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.setAttribute("aria-label", "Sort by " + heading.textContent.trim());
    // Keep the button on the line of the last word.
    heading.append("\u00a0", button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down > 0 ? "ascending" : "descending");
      sort(table, column, down);
    });
  });
  for (const holder of document.querySelectorAll(".table")) {
    const table = holder.querySelector("table");
    const bar = document.createElement("div");
    bar.className = "copy";
    const made = [
      ["Copy", "Copied", () => copy(tsv(table))],
      ["Copy as Markdown", "Copied", () => copy(markdown(table))],
      ["CSV", "Saved", () => save(csv(table), nameOf(table))],
    ];
    for (const [label, done, act] of made) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", async () => {
        await act();
        button.textContent = done;
        setTimeout(() => { button.textContent = label; }, 1500);
      });
      bar.append(button);
    }
    holder.prepend(bar);
    sortable(table);
  }
  const links = new Map(Array.from(document.querySelectorAll("nav a"), (link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    const link = links.get(entry.target.id);
    if (!link || !entry.isIntersecting) return;
    links.forEach((other) => other.removeAttribute("aria-current"));
    link.setAttribute("aria-current", "true");
  }), { rootMargin: "-10% 0px -80% 0px" });
  document.querySelectorAll("section[id]").forEach((section) => seen.observe(section));
})();
