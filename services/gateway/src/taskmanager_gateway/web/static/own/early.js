// Before the first paint: set the user's colour scheme and the time zone, which only the browser knows.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const wanted = root.dataset.theme;
    root.dataset.bsTheme = wanted === "auto" ? (dark.matches ? "dark" : "light") : wanted;
  };
  dark.addEventListener("change", paint);
  paint();

  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const known = document.cookie.split("; ").includes(`tm_zone=${zone}`);
  if (!known) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `tm_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    // the page was rendered for another time zone: reload it, unless cookies are refused
    if (document.cookie.includes("tm_zone=") && zone !== "UTC") location.reload();
  }
})();
