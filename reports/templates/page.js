
// Adds buttons that copy a table. The page is complete without them.
"use strict";
(function () {
  const text = (cell) => Array.from(cell.querySelectorAll(".value, .note"), (part) => part.textContent.trim())
    .map((part, index) => (index ? "(" + part + ")" : part)).join(" ") || cell.textContent.trim();
  const rows = (table) => Array.from(table.rows, (row) => Array.from(row.cells, text));
  const tsv = (table) => rows(table).map((row) => row.map((cell) => cell.replace(/\s+/g, " ")).join("\t")).join("\n");
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
  for (const holder of document.querySelectorAll(".table")) {
    const table = holder.querySelector("table");
    const bar = document.createElement("div");
    bar.className = "copy";
    for (const [label, make] of [["Copy", tsv], ["Copy as Markdown", markdown]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", async () => {
        await copy(make(table));
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = label; }, 1500);
      });
      bar.append(button);
    }
    holder.prepend(bar);
  }
})();
