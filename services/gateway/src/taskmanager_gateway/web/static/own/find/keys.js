// Single keys: / searches, j and k move through a list, x selects, . opens the row's actions, ? says which keys there are.
// None of them does anything that cannot be done otherwise, none counts while somebody types, and all can be switched off
// (WCAG 2.1.4): people who dictate would press them without wanting to.

const KEY = "tm-keys";
const ROWS = "#rows > tr[data-job], .tm-cards > tbody > tr, .tm-plugin-cards > article";
const FIRST = ".tm-title > a, th a[href], th button, a[href], button";
const TEXT = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

export const isOff = () => localStorage.getItem(KEY) === "off";

const isVisible = (one) => one.getClientRects().length > 0;
const rows = () => [...document.getElementById("main").querySelectorAll(ROWS)].filter(isVisible);
const current = () => document.activeElement.closest(ROWS);

function move(step) {
  const all = rows();
  const place = all.indexOf(current());
  const next = all[place < 0 ? (step > 0 ? 0 : all.length - 1) : place + step];
  const control = next && [...next.querySelectorAll(FIRST)].find(isVisible);
  if (!control) return;
  control.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function openActions() {
  const row = current();
  const more = row?.querySelector(".tm-job-more");
  if (more) {
    more.addEventListener("shown.bs.dropdown", () => row.querySelector(".dropdown-menu .dropdown-item").focus(), { once: true });
    more.click();
  } else [...(row?.querySelectorAll("button") ?? [])].find(isVisible)?.focus();
}

function search() {
  const [page, head] = ["search", "find"].map((id) => document.getElementById(id));
  if (page) page.focus();
  else if (head && isVisible(head)) head.focus();
  else if (head) location.assign("/search");
}

const ACTS = {
  "/": search,
  j: () => move(1),
  k: () => move(-1),
  x: () => current()?.querySelector(".tm-choose")?.click(),
  ".": openActions,
  "?": () => htmx.ajax("GET", "/ui/keys", { target: "#dialog-body" }),
};

document.addEventListener("keydown", (event) => {
  if (isOff() || event.isComposing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest(TEXT) || document.querySelector("dialog[open], .dropdown-menu.show, .offcanvas.show")) return;
  const act = ACTS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

function tellKeys() {
  const input = document.getElementById("find");
  if (isOff()) input?.removeAttribute("aria-keyshortcuts");
  else input?.setAttribute("aria-keyshortcuts", "/");
}

document.addEventListener("change", (event) => {
  if (event.target.id !== "keys-on") return;
  localStorage.setItem(KEY, event.target.checked ? "on" : "off");
  tellKeys();
});

document.addEventListener("htmx:afterSwap", () => {
  const box = document.getElementById("keys-on");
  if (box) box.checked = !isOff();
});
tellKeys();
