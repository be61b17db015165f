// The operations started in this tab and their progress, on every page of the plugin section. One that has ended goes by
// itself; one that could not change some jobs stays until it is dismissed, and opens to say which and why.

import { keepInPlace } from "./place.js";

const KEY = "tm-followed";
const LIMIT = 12;
const ENDED_MILLISECONDS = 5000; // for how long one is shown that has ended well
const box = document.getElementById("following");
const followed = () => JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
const ending = new Map(); // timers by operation

function keep(ids) {
  sessionStorage.setItem(KEY, JSON.stringify(ids.slice(-LIMIT)));
}

const forget = (id) => {
  keep(followed().filter((one) => one !== id));
  keepInPlace(() => {
    document.getElementById(`followed-${id}`)?.remove();
    box.hidden = !box.childElementCount;
  });
};

async function render() {
  const ids = followed();
  if (!ids.length) return;
  await htmx.ajax("GET", `${box.dataset.address}?ids=${encodeURIComponent(ids.join(" "))}`, { target: box, swap: "innerHTML" });
  keepInPlace(() => {
    box.hidden = false;
  });
}

function look() {
  for (const one of box.querySelectorAll("[data-operation]")) {
    const { ended, refused } = one.querySelector(".tm-progress").dataset;
    const id = one.dataset.operation;
    if (ended === "yes" && refused === "0" && !ending.has(id)) ending.set(id, setTimeout(() => forget(id), ENDED_MILLISECONDS));
  }
}

box.addEventListener("htmx:afterSettle", look);

document.body.addEventListener("tm-follow", (event) => {
  keep([...followed(), ...event.detail.operations]);
  render();
});

box.addEventListener("click", (event) => {
  const id = event.target.closest("[data-forget]")?.dataset.forget;
  if (id) forget(id);
});

render();
