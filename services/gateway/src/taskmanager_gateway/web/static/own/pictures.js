// Pictures that can be zoomed, by OpenSeadragon: two side by side that move together, words over the source.

const still = matchMedia("(prefers-reduced-motion: reduce)");
const STEP = 1.6; // of a button that zooms
const shown = new Set(); // of viewers
let leader = null; // the viewer that the user moves: the other one follows

// OpenSeadragon would add a style sheet of its own for phones, which our policy forbids, unless it finds one by this mark
const mark = document.createElementNS("", "style"); // no style sheet: an element of no language that only has the name
mark.setAttribute("data-openseadragon-mobile-css", "");
document.head.append(mark);

function show(place) {
  const { picture, width, height, tile, overlap } = place.dataset;
  const size = { width: Number(width), height: Number(height) };
  const viewer = OpenSeadragon({
    element: place,
    drawer: "canvas",
    showNavigationControl: false,
    animationTime: still.matches ? 0 : 0.5,
    maxZoomPixelRatio: 6,
    visibilityRatio: 0.3,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    tileSources: {
      ...size,
      tileSize: Number(tile),
      tileOverlap: Number(overlap),
      minLevel: 0,
      maxLevel: Math.ceil(Math.log2(Math.max(size.width, size.height))),
      getTileUrl: (level, column, row) => `${picture}&level=${level}&column=${column}&row=${row}`,
    },
  });
  const half = place.closest("section");
  viewer.size = size;
  viewer.isSource = half.querySelector("h2").id === "source-title";
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", place.closest("[data-title]").dataset.title);
  const lead = () => (leader = viewer);
  for (const what of ["pointerdown", "wheel", "keydown", "focusin"]) half.addEventListener(what, lead, { capture: true, passive: true });
  for (const what of ["zoom", "pan", "animation", "rotate"]) viewer.addHandler(what, () => follow(viewer));
  viewer.addHandler("canvas-key", (event) => pressed(viewer, event));
  half.addEventListener("click", (event) => zoom(viewer, event.target.closest("[data-zoom]")?.dataset.zoom));
  viewer.addHandler("open", layWords);
  shown.add(viewer);
}

// by what is printed on the key: OpenSeadragon goes by its place, where other keyboards have other signs
function pressed(viewer, event) {
  const how = { "+": "in", "-": "out" }[event.originalEvent.key];
  if (!how) return;
  event.preventDefaultAction = true;
  event.originalEvent.preventDefault();
  zoom(viewer, how);
}

function zoom(viewer, how) {
  if (!how || !viewer.element.isConnected) return;
  const { viewport } = viewer;
  if (how === "in") viewport.zoomBy(STEP);
  if (how === "out") viewport.zoomBy(1 / STEP);
  if (how === "all") viewport.goHome();
  if (how === "pixels") viewport.zoomTo(viewport.imageToViewportZoom(1 / devicePixelRatio));
  viewport.applyConstraints();
}

function follow(viewer) {
  if (viewer !== leader || !document.getElementById("together")?.checked) return;
  for (const other of shown) {
    if (other === viewer || !other.isOpen()) continue;
    other.viewport.zoomTo(viewer.viewport.getZoom(), null, true);
    other.viewport.panTo(viewer.viewport.getCenter(), true);
    other.viewport.setRotation(viewer.viewport.getRotation(), true);
  }
}

// --- recognised words --------------------------------------------------------------------------------------

const source = () => [...shown].find((viewer) => viewer.isSource && viewer.isOpen());
let at = -1; // which of the places found is shown

function layWords() {
  const [places, viewer] = [document.getElementById("words-places"), source()];
  if (!places || !viewer || places.dataset.laid) return;
  places.dataset.laid = "yes";
  viewer.addOverlay({ element: places, location: new OpenSeadragon.Rect(0, 0, 1, viewer.size.height / viewer.size.width) });
  places.removeAttribute("hidden");
  const chosen = document.getElementById("words-shown");
  chosen.addEventListener("change", () => places.toggleAttribute("hidden", !chosen.checked));
  const sought = document.getElementById("words-sought");
  sought.addEventListener("input", () => find(sought.value));
  sought.addEventListener("keydown", (event) => event.key === "Enter" && goOn());
  document.getElementById("words-next").addEventListener("click", goOn);
}

function find(text) {
  at = -1;
  const wanted = text.trim().toLocaleLowerCase();
  for (const place of document.querySelectorAll("#words-places rect")) {
    const fits = wanted !== "" && place.textContent.toLocaleLowerCase().includes(wanted);
    place.classList.toggle("tm-word-sought", fits);
    place.classList.remove("tm-word-here");
  }
  say();
}

function say() {
  const [told, found] = [document.getElementById("words-found"), document.querySelectorAll(".tm-word-sought").length];
  const wanted = document.getElementById("words-sought").value.trim();
  const numbers = told.dataset.of.replace("##", found).replace("#", at + 1);
  told.textContent = !wanted ? "" : found ? numbers : told.dataset.none;
}

function goOn() {
  const found = [...document.querySelectorAll(".tm-word-sought")];
  const viewer = source();
  if (!found.length || !viewer) return;
  found[at]?.classList.remove("tm-word-here");
  at = (at + 1) % found.length;
  found[at].classList.add("tm-word-here");
  const share = (name) => Number(found[at].getAttribute(name));
  const down = viewer.size.height / viewer.size.width;
  const middle = new OpenSeadragon.Point(share("x") + share("width") / 2, (share("y") + share("height") / 2) * down);
  leader = viewer;
  viewer.viewport.zoomTo(Math.max(viewer.viewport.getZoom(), 2));
  viewer.viewport.panTo(middle);
  say();
}

// --- pictures come into the page one by one ----------------------------------------------------------------

function look() {
  for (const viewer of shown) {
    if (viewer.element.isConnected) continue;
    viewer.destroy();
    shown.delete(viewer);
  }
  for (const place of document.querySelectorAll("[data-picture]:empty")) show(place);
  layWords();
}

document.addEventListener("htmx:afterSettle", look);
look();
