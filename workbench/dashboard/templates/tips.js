// Describes a point immediately, also on touch screens. Without this script, links have titles.
"use strict";
(function () {
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.querySelector("main").append(tip);
  for (const title of document.querySelectorAll("a[data-tip] > title")) {
    title.parentElement.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  const show = (link) => {
    const place = link.getBoundingClientRect();
    tip.textContent = link.dataset.tip;
    tip.hidden = false;
    const left = Math.min(place.left, innerWidth - tip.offsetWidth - 8);
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = (place.top > tip.offsetHeight + 12 ? place.top - tip.offsetHeight - 6 : place.bottom + 6) + "px";
  };
  const at = (event) => event.target.closest && event.target.closest("a[data-tip]");
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, (event) => {
    const link = at(event);
    if (link) show(link); else tip.hidden = true;
  });
  document.addEventListener("focusout", () => { tip.hidden = true; });
})();
