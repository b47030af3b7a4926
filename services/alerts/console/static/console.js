// Says so when the server cannot be reached, and is silent again once it can.
document.addEventListener("DOMContentLoaded", () => {
  const banner = document.getElementById("offline");
  const show = (away) => () => { banner.hidden = !away; };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.body.addEventListener(name, show(true));
  }
  document.body.addEventListener("htmx:afterOnLoad", show(false));
});
