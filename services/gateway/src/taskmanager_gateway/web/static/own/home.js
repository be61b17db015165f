// Signs of life are no changes of jobs and are not announced: the parts that show them are renewed now and then.

const TICK_MILLISECONDS = 10000;

setInterval(() => {
  const paused = document.getElementById("live-pause")?.getAttribute("aria-pressed") === "true";
  if (document.visibilityState === "visible" && !paused) document.body.dispatchEvent(new CustomEvent("tm-tick"));
}, TICK_MILLISECONDS);
