// Tells in this browser what comes into the tabs Error while nobody looks: a count in the title of the tab and, where
// the browser permits it, a notification of the desktop. Only for those who switched it on; kept in this browser.

const KEY = "tm-tell";
const PAUSE_MILLISECONDS = 10000; // between two notifications of the desktop: what comes meanwhile is counted together

const button = document.getElementById("tell");
const words = button?.dataset ?? {};
const title = document.title;
let unseen = 0; // since the page was last looked at
let plugins = new Set();
let timer = null;

const looked = () => document.visibilityState === "visible";

export const tells = () => Boolean(button) && localStorage.getItem(KEY) === "yes";

function show() {
  button?.setAttribute("aria-checked", String(tells()));
  document.title = unseen ? `(${unseen}) ${title}` : title;
}

button?.addEventListener("click", async () => {
  const on = !tells();
  localStorage.setItem(KEY, on ? "yes" : "no");
  if (on && "Notification" in window && Notification.permission === "default") await Notification.requestPermission();
  if (!on) unseen = 0;
  show();
  const alone = on && !("Notification" in window && Notification.permission === "granted");
  const message = on ? (alone ? words.alone : words.on) : words.off;
  document.body.dispatchEvent(new CustomEvent("tm-toast", { detail: { message, tone: alone ? "info" : "success" } }));
  document.body.dispatchEvent(new CustomEvent("tm-tells"));
});

document.body.addEventListener("tm-failed", (event) => {
  if (!tells() || looked()) return;
  for (const [plugin, jobs] of Object.entries(event.detail)) {
    unseen += jobs;
    plugins.add(plugin);
  }
  show();
  if (timer === null) timer = setTimeout(tellDesktop, 0);
});

function tellDesktop() {
  timer = plugins.size ? setTimeout(tellDesktop, PAUSE_MILLISECONDS) : null;
  if (!plugins.size || looked()) return;
  const names = [...plugins].join(", ");
  plugins = new Set();
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  // the same tag in every tab: however many are open, it is one notification
  const told = new Notification(words.title, { body: `${unseen === 1 ? words.one : words.body.replace("{n}", unseen)}: ${names}`, tag: "tm-failed" });
  told.addEventListener("click", () => {
    window.focus();
    window.location.assign("/errors");
  });
}

document.addEventListener("visibilitychange", () => {
  if (!looked()) return;
  unseen = 0;
  plugins = new Set();
  show();
});
window.addEventListener("storage", (event) => {
  if (event.key !== KEY) return; // switched in another tab
  show();
  document.body.dispatchEvent(new CustomEvent("tm-tells"));
});
show();
