// The whole list of a plugin as it is now put in the place of the shown one. Rows that somebody points at, has the focus
// in, or has opened a pop-up from keep their places: the others come and go around them.

import { keepInPlace, touchedRows } from "./place.js";
import { ask, putRow, renewRows, rows, table, tellPut } from "./rows.js";

const list = document.getElementById("list");
const RETRY_MILLISECONDS = 5000; // after an answer that was none

let asking = false;
let again = false;
let owed = false; // whether a row is where it is only because somebody touched it
let touched = "";

// `mayPut`: asked again when the list has come, since the user may have begun to do something with the shown one
export async function renewList(mayPut) {
  if (asking) return void (again = true);
  asking = true;
  try {
    const html = await ask(list.dataset.list);
    if (html === null) setTimeout(() => mayPut() && renewList(mayPut), RETRY_MILLISECONDS);
    else if (mayPut()) put(html);
  } finally {
    asking = false;
    if (again) {
      again = false;
      if (mayPut()) renewList(mayPut);
    }
  }
}

function put(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  const fresh = box.content.getElementById("list");
  const foot = box.content.getElementById("list-foot");
  const kept = table() ? touchedRows().filter((row) => list.contains(row)) : [];
  keepInPlace(() => {
    if (table() && (kept.length || fresh.querySelector("#jobs"))) merge(fresh, kept);
    else {
      list.replaceChildren(...fresh.childNodes);
      htmx.process(list);
    }
    Idiomorph.morph(document.getElementById("list-foot"), foot, { morphStyle: "outerHTML" });
  });
  touched = names(kept);
  tellPut();
}

const names = (some) => some.map((row) => row.id).join(" ");

function merge(fresh, kept) {
  mergeCommon(fresh);
  const shown = rows();
  const wanted = [...fresh.querySelectorAll("#rows > tr")];
  const order = wanted.filter((row) => !kept.some((one) => one.id === row.id));
  for (const row of shown.filter((one) => kept.includes(one))) {
    order.splice(shown.indexOf(row), 0, wanted.find((one) => one.id === row.id) ?? row);
  }
  owed = names(order) !== names(wanted);
  const gone = kept.filter((row) => !wanted.some((one) => one.id === row.id)).map((row) => row.dataset.job);
  arrange(document.getElementById("rows"), order, kept);
  if (gone.length) renewRows(gone); // says where they are now
}

// the reason that rows do not repeat: what is said above them has to be of the same answer
function mergeCommon(fresh) {
  const [shown, now] = [document.getElementById("common"), fresh.querySelector("#common")];
  if (!now) return;
  shown.hidden = now.hidden;
  shown.textContent = now.textContent;
  table().dataset.common = fresh.querySelector("#jobs").dataset.common;
}

// Idiomorph would move any row; here those that are kept stay where they are in the document, for the sake of the focus
function arrange(body, order, kept) {
  const left = new Set(order.map((row) => row.id));
  for (const row of [...body.children]) if (!left.has(row.id)) row.remove();
  let next = body.firstElementChild;
  for (const fresh of order) {
    const row = document.getElementById(fresh.id);
    if (row !== fresh && row) putRow(fresh);
    const current = document.getElementById(fresh.id) ?? fresh;
    while (next && next !== current && kept.includes(current)) {
      const moved = next;
      next = next.nextElementSibling;
      moved.remove();
    }
    if (next === current) next = next.nextElementSibling;
    else {
      body.insertBefore(current, next);
      if (!row) htmx.process(current);
    }
  }
}

// once nobody touches a row any more it goes where it belongs
export function onReleased(act) {
  const look = () => {
    if (owed && names(touchedRows()) !== touched) {
      owed = false;
      act();
    }
  };
  for (const event of ["pointerover", "focusin", "focusout"]) document.addEventListener(event, () => setTimeout(look));
  document.body.addEventListener("tm-closed", () => setTimeout(look));
}
