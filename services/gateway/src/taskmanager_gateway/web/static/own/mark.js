// The icon of the tab says whether something is stopped, has failed or is at work: the menu knows, and is renewed live.

const icon = document.getElementById("icon");

function show() {
  const address = icon.dataset[document.getElementById("menu-state")?.dataset.state ?? "quiet"];
  if (icon.getAttribute("href") !== address) icon.setAttribute("href", address);
}

document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "menu-items" && show());
show();
