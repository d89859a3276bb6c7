// A flame graph in a browser: a click on a box, or Enter, zooms in on it; a click on the topmost box, or Escape, shows all
// again; arrow keys move between boxes; text typed into the field marks the boxes whose names contain it.
(() => {
  "use strict";
  const WIDTH = 1200, LETTER = 6.6, ROW = 17;
  const svg = document.documentElement;
  const made = (name, attributes) => {
    const element = document.createElementNS(svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  // Parents come before their children.
  const boxes = Array.from(svg.querySelectorAll("g.box"), (group) => ({
    group,
    rect: group.querySelector("rect"),
    text: group.querySelector("text") || group.appendChild(made("text", {})),
    hint: group.querySelector("title").textContent,
    name: group.dataset.name,
    left: Number(group.dataset.left),
    width: Number(group.dataset.width),
    up: group.dataset.up === undefined ? -1 : Number(group.dataset.up),
  }));

  const place = (box, left, width) => {
    box.group.style.display = width < 0.4 ? "none" : "";
    if (width < 0.4) return;
    box.rect.setAttribute("x", left.toFixed(1));
    box.rect.setAttribute("width", Math.max(width - 0.5, 0.4).toFixed(1));
    const letters = Math.floor((width - 4) / LETTER);
    const name = box.name;
    box.text.textContent = name.length <= letters ? name : letters > 3 ? name.slice(0, letters - 1) + "…" : "";
    box.text.setAttribute("x", (left + 2).toFixed(1));
    box.text.setAttribute("y", Number(box.rect.getAttribute("y")) + ROW - 6);
  };

  const zoom = (number) => {
    const above = new Set();
    for (let up = boxes[number].up; up >= 0; up = boxes[up].up) above.add(up);
    const to = boxes[number], within = [];
    boxes.forEach((box, other) => {
      within[other] = other === number || (box.up >= 0 && within[box.up]);
      box.group.classList.toggle("above", above.has(other));
      if (above.has(other)) place(box, 0, WIDTH);
      else if (within[other]) place(box, (box.left - to.left) * WIDTH / to.width, box.width * WIDTH / to.width);
      else place(box, 0, 0);
    });
  };

  const field = document.createElementNS("http://www.w3.org/1999/xhtml", "input");
  field.type = "search";
  field.placeholder = "search";
  field.setAttribute("aria-label", "search");
  const corner = made("foreignObject", { x: WIDTH - 164, y: 1, width: 160, height: ROW });
  corner.append(field);
  const told = made("text", { x: WIDTH - 170, y: ROW - 4, "text-anchor": "end" });
  svg.append(corner, told);
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase(), covered = [];
    let found = 0;
    boxes.forEach((box, number) => {
      const match = wanted !== "" && box.hint.toLowerCase().includes(wanted);
      const already = box.up >= 0 && covered[box.up];
      if (match && !already) found += box.width;
      covered[number] = match || already;
      box.group.classList.toggle("found", match);
    });
    told.textContent = wanted === "" ? "" : `${(100 * found / WIDTH).toFixed(2)} % found`;
  });

  // Only one box is a tab stop: a graph may have thousands.
  let current = 0;
  const focus = (number) => {
    if (number < 0) return;
    boxes[current].group.setAttribute("tabindex", "-1");
    current = number;
    boxes[current].group.setAttribute("tabindex", "0");
    boxes[current].group.focus();
  };
  const shown = (box) => box.group.style.display !== "none";
  const beside = (way) => {
    const row = Array.from(boxes.keys()).filter((number) => shown(boxes[number]) &&
      boxes[number].rect.getAttribute("y") === boxes[current].rect.getAttribute("y"));
    const found = row[row.indexOf(current) + way];
    return found === undefined ? -1 : found;
  };
  const moves = {
    ArrowUp: () => boxes[current].up,
    ArrowDown: () => boxes.findIndex((box) => box.up === current && shown(box)),
    ArrowLeft: () => beside(-1),
    ArrowRight: () => beside(1),
  };
  boxes.forEach((box, number) => {
    box.group.setAttribute("role", "button");
    box.group.setAttribute("aria-label", box.hint);
    box.group.setAttribute("tabindex", number === current ? "0" : "-1");
    box.group.addEventListener("click", () => { zoom(number); focus(number); });
    box.group.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") zoom(number);
      else if (moves[event.key]) focus(moves[event.key]());
      else return;
      event.preventDefault();
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !boxes.length) return;
    field.value = "";
    field.dispatchEvent(new Event("input"));
    zoom(0);
  });
})();
