// Views of lists that somebody has kept under a name, in this browser: a name and the address of the list, which holds
// its filters and its order. They stand in the menu, below what the server renews there.

const KEY = "tm-views";

const place = document.getElementById("views"); // missing for those without the right to read
const form = document.getElementById("keep-view"); // on the page of a plugin

// what was stored by hand or by others is no address of ours
const isView = (one) => typeof one?.name === "string" && /^\/plugins\/[^/\\]+$/.test(String(one.address).split("?")[0]);

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]").filter(isView);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [];
  }
}

function keep(views) {
  localStorage.setItem(KEY, JSON.stringify(views));
  show();
}

function item({ name, address }) {
  const row = document.createElement("li");
  row.className = "d-flex align-items-center";
  const link = document.createElement("a");
  link.className = "tm-item flex-grow-1 text-break";
  link.href = address;
  link.dir = "auto";
  link.textContent = name;
  if (address === location.pathname + location.search) {
    link.classList.add("active");
    link.setAttribute("aria-current", "page");
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", place.dataset.remove.replace("{name}", () => name));
  close.addEventListener("click", () => {
    keep(kept().filter((one) => one.name !== name));
    (place.querySelector("a") ?? document.getElementById("main")).focus();
  });
  row.append(link, close);
  return row;
}

function show() {
  const views = kept();
  place.hidden = !views.length;
  place.querySelector("ul").replaceChildren(...views.map(item));
}

if (place) show();

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = form.elements.namedItem("name");
  const name = field.value.trim();
  if (!name) return;
  const others = kept().filter((one) => one.name !== name);
  const view = { name, address: form.dataset.address };
  keep([...others, view].sort((one, other) => one.name.localeCompare(other.name)));
  field.value = "";
  form.closest("details").open = false;
  const detail = { message: form.dataset.done, tone: "success" };
  document.body.dispatchEvent(new CustomEvent("tm-toast", { detail }));
});
