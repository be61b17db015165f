// Lists that the event stream does not cover refresh themselves every few seconds while the page is visible.

const MILLISECONDS = 5000;

setInterval(() => {
  if (document.hidden || isPaused()) return;
  for (const name of ["tm-reports", "tm-letters"]) document.body.dispatchEvent(new CustomEvent(name));
}, MILLISECONDS);

function isPaused() {
  return document.getElementById("live-pause")?.getAttribute("aria-pressed") === "true";
}
