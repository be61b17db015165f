// Lists that no digest speaks of renew themselves every few seconds, while somebody can see them.

const MILLISECONDS = 5000;

setInterval(() => {
  if (document.hidden || isPaused()) return;
  document.body.dispatchEvent(new CustomEvent("tm-reports"));
}, MILLISECONDS);

function isPaused() {
  return document.getElementById("live-pause")?.getAttribute("aria-pressed") === "true";
}
