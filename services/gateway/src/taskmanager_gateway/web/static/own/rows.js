// The rows of a plugin's list that are shown: each is replaced in place by its new version.

const quiet = {
  // keep what the user ticked
  beforeAttributeUpdated: (name, node) => !(name === "checked" && node.matches("input")),
};
const owed = new Set(); // jobs that changed while their menu was open

export const table = () => document.getElementById("jobs");
export const rows = () => [...document.querySelectorAll("#rows > tr[data-job]")];
export const leftRows = () => document.querySelectorAll("#rows > tr.tm-left").length;
export const isOpen = (row) => row.querySelector(".dropdown-menu.show, details[open]") !== null;

export async function ask(address, options) {
  const headers = { "HX-Request": "true", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
  let answer;
  try {
    answer = await fetch(address, { headers, ...options });
  } catch {
    return null; // no connection: live.js says so, and refreshes everything once it is back
  }
  if (answer.status === 401) document.body.dispatchEvent(new CustomEvent("log-in-ended"));
  return answer.ok ? answer.text() : null;
}

// one at a time; those that come meanwhile are asked for afterwards, together
let asking = false;
let again = null;

export async function renewRows(jobs) {
  const shown = rows().map((row) => row.dataset.job);
  const changed = jobs === null ? shown : shown.filter((id) => jobs.includes(id));
  if (!changed.length) return;
  if (asking) {
    again = new Set([...(again ?? []), ...changed]);
    return;
  }
  asking = true;
  try {
    await fetchRows(shown, changed);
  } finally {
    asking = false;
    if (again !== null) {
      const next = [...again];
      again = null;
      renewRows(next);
    }
  }
}

async function fetchRows(shown, changed) {
  const { rows: address, tab, inTurn, common } = table().dataset;
  const body = new URLSearchParams({ shown: shown.join(" "), changed: changed.join(" "), tab, in_turn: inTurn, common });
  const html = await ask(address, { method: "POST", body });
  if (html !== null) put(html);
}

function put(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const fresh of box.content.querySelectorAll("tr")) {
    if (fresh.dataset.job) putRow(fresh);
    else if (fresh.dataset.gone) putGone(fresh);
    else putPlace(fresh);
  }
  tellPut();
}

export const tellPut = () => document.body.dispatchEvent(new CustomEvent("tm-rows-put", { bubbles: true }));

export function putRow(fresh) {
  const row = document.getElementById(fresh.id);
  if (!row) return;
  if (isOpen(row)) return void owed.add(row.dataset.job);
  Idiomorph.morph(row, fresh, { morphStyle: "outerHTML", callbacks: quiet });
  htmx.process(document.getElementById(fresh.id));
}

function putGone(fresh) {
  const row = document.querySelector(`#rows > tr[data-job="${CSS.escape(fresh.dataset.gone)}"]`);
  if (!row || row.classList.contains("tm-left")) return;
  row.classList.add("tm-left");
  const note = document.createElement("span");
  note.className = "tm-moved";
  note.textContent = fresh.textContent.trim();
  row.querySelector(".tm-state").replaceChildren(note);
}

function putPlace(fresh) {
  const id = CSS.escape(fresh.dataset.placeOf);
  const cell = document.querySelector(`#rows > tr[data-status="STARTED"] [data-place="${id}"]`);
  const place = fresh.textContent.trim();
  if (cell && cell.textContent.trim() !== place) cell.textContent = place;
}

document.addEventListener("hidden.bs.dropdown", () => {
  if (!owed.size) return;
  const late = [...owed];
  owed.clear();
  renewRows(late);
});
