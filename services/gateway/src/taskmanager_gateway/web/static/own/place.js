// What the pointer or the focus is on stays where it is on the screen while the page around it changes.

import { inBackground } from "./app.js";
import { opener } from "./focus.js";

const main = document.getElementById("main");
const list = document.getElementById("list"); // on the page of a plugin

const pointedAt = () => [...main.querySelectorAll(":hover")].at(-1) ?? null;
const focused = () => (main.contains(document.activeElement) && document.activeElement !== main ? document.activeElement : null);

// the rows that somebody points at, has the focus in, or has opened a pop-up from
export function touchedRows() {
  const touched = [pointedAt(), focused(), opener()].map((one) => one?.closest("tr[data-job]"));
  return [...new Set(touched.filter((row) => row?.isConnected))];
}

const isBelow = (one, other) => Boolean(other?.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) && !other.contains(one);

function held() {
  const one = pointedAt() ?? focused();
  return one && !one.contains(list) ? one : null;
}

let kept = null; // between the two halves of a change that htmx makes

function begin() {
  const one = held();
  if (list) list.style.minHeight = one && isBelow(one, list) ? `${list.offsetHeight}px` : "";
  if (!one) main.style.minHeight = "";
  return one && { one, top: one.getBoundingClientRect().top };
}

function end(before) {
  if (!before?.one.isConnected) return;
  const moved = () => before.one.getBoundingClientRect().top - before.top;
  scrollBy(0, moved());
  if (moved() > 1) {
    main.style.minHeight = `${main.offsetHeight + moved()}px`; // the page is too short to be scrolled that far
    scrollBy(0, moved());
  }
  if (moved() < -1 && list?.contains(before.one)) list.style.paddingTop = `${parseFloat(getComputedStyle(list).paddingTop) - moved()}px`;
}

export function keepInPlace(change) {
  if (list && !held()) list.style.paddingTop = "";
  const before = begin();
  change();
  end(before);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (inBackground(event.detail.requestConfig.elt)) kept = begin();
});
document.addEventListener("htmx:afterSwap", () => {
  end(kept);
  kept = null;
});
