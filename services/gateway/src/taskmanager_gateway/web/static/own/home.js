// Heartbeats are not job changes and cause no events: the parts that show them are refreshed at intervals.

const TICK_MILLISECONDS = 10000;

setInterval(() => {
  const paused = document.getElementById("live-pause")?.getAttribute("aria-pressed") === "true";
  if (document.visibilityState === "visible" && !paused) document.body.dispatchEvent(new CustomEvent("tm-tick"));
}, TICK_MILLISECONDS);
