// A flame graph in a browser: a click on a box makes it as wide as the picture, one on the lowest, or Escape, shows all
// again; what is typed into the field marks the boxes whose names hold it.
(() => {
  "use strict";
  const WIDTH = 1200, LETTER = 6.6, ROW = 17;
  const svg = document.documentElement;
  const made = (name, attributes) => {
    const element = document.createElementNS(svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  // Parents stand before their children.
  const boxes = Array.from(svg.querySelectorAll("g.box"), (group) => ({
    group,
    rect: group.querySelector("rect"),
    text: group.querySelector("text") || group.appendChild(made("text", {})),
    hint: group.querySelector("title").textContent.toLowerCase(),
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
      const match = wanted !== "" && box.hint.includes(wanted);
      const already = box.up >= 0 && covered[box.up];
      if (match && !already) found += box.width;
      covered[number] = match || already;
      box.group.classList.toggle("found", match);
    });
    told.textContent = wanted === "" ? "" : `${(100 * found / WIDTH).toFixed(2)} % found`;
  });

  boxes.forEach((box, number) => box.group.addEventListener("click", () => zoom(number)));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !boxes.length) return;
    field.value = "";
    field.dispatchEvent(new Event("input"));
    zoom(0);
  });
})();
