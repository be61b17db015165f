// The operations started in this tab and their progress, on every page of the plugin section until dismissed.

const KEY = "tm-followed";
const LIMIT = 12;
const box = document.getElementById("following");
const followed = () => JSON.parse(sessionStorage.getItem(KEY) ?? "[]");

function keep(ids) {
  sessionStorage.setItem(KEY, JSON.stringify(ids.slice(-LIMIT)));
  return render();
}

async function render() {
  const ids = followed();
  box.hidden = !ids.length;
  if (!ids.length) return box.replaceChildren();
  await htmx.ajax("GET", `${box.dataset.address}?ids=${encodeURIComponent(ids.join(" "))}`, { target: box, swap: "innerHTML" });
}

document.body.addEventListener("tm-follow", (event) => keep([...followed(), ...event.detail.operations]));

box.addEventListener("click", (event) => {
  const id = event.target.closest("[data-forget]")?.dataset.forget;
  if (id) keep(followed().filter((one) => one !== id));
});

if (followed().length) render();
