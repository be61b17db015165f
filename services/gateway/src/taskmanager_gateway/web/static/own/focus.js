// After a pop-up the focus returns to where it was opened from or, if that has gone meanwhile, to what stands there now.

const dialog = document.getElementById("dialog");
const CONTROLS = "a[href], button:not([disabled]), input:not([disabled]):not([type=hidden]), select, textarea, summary";

let from = null; // what opened the pop-up
let around = []; // ids of what is around it, the nearest first
let expected = false; // whether the focus is still where the pop-up left it, so that it may have to be moved on

export const opener = () => (dialog.open ? from : null);

// `submitter`: the button of a form, which is disabled while the form is sent and so has lost the focus
export function rememberOpener(element, submitter) {
  const inside = submitter ?? (element.contains(document.activeElement) ? document.activeElement : element);
  from = inside.closest(".dropdown")?.querySelector("[data-bs-toggle=dropdown]") ?? inside;
  around = [];
  for (let one = from; one; one = one.parentElement) if (one.id) around.push(one.id);
  expected = true;
}

const isVisible = (one) => one.isConnected && !one.disabled && one.getClientRects().length > 0;

function standIn() {
  if (from?.matches(CONTROLS) && isVisible(from)) return from;
  for (const id of around) {
    const place = document.getElementById(id);
    if (!place) continue;
    const controls = [place, ...place.querySelectorAll(".tm-job-more"), ...place.querySelectorAll(CONTROLS)];
    const found = controls.find((one) => one.matches(CONTROLS) && isVisible(one));
    if (found) return found;
  }
  return document.getElementById("main");
}

export function returnFocus() {
  if (!expected || dialog.open || document.activeElement !== document.body) return;
  standIn().focus({ preventScroll: true });
}

for (const done of ["htmx:afterSettle", "tm-rows-put"]) document.addEventListener(done, returnFocus);
for (const act of ["pointerdown", "keydown"]) {
  document.addEventListener(act, () => {
    if (!dialog.open) expected = false;
  }, true);
}
