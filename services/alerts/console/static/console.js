// The console is whole without this file. With it the list stays true while it is read: what changed is
// changed in its place, and what is new waits above the list until it is asked for, so that nothing moves
// under the reader's hand. Keys move through the list.
"use strict";

const list = () => document.getElementById("alerts");
const rowOf = (id) => document.getElementById(`row-${id}`);
const EVENTS = ["alert.opened", "alert.changed", "alert.withdrawn"];
const ROW_PAUSE = 300;
const ROWS_AT_ONCE = 10;
const AGAIN = 15000;

let source = null;
let last = null;
let fresh = new Set();
let stale = new Set();
let timer = null;

function showFresh() {
  const bar = document.getElementById("fresh");
  if (!bar) return;
  const words = fresh.size === 1 ? bar.dataset.one : bar.dataset.many;
  bar.textContent = words.replace("{n}", String(fresh.size));
  bar.hidden = fresh.size === 0;
}

function renew() {
  const { query } = list().dataset;
  for (const id of [...stale].slice(0, ROWS_AT_ONCE)) {
    const row = rowOf(id);
    stale.delete(id);
    if (row) {
      const address = `/console/rows/${encodeURIComponent(id)}?${query}`;
      htmx.ajax("GET", address, { target: row, swap: "outerHTML" });
    }
  }
  timer = stale.size ? setTimeout(renew, ROW_PAUSE) : null;
}

function hear(event) {
  last = event.lastEventId || last;
  const { alert_id: id } = JSON.parse(event.data);
  const row = rowOf(id);
  const wanted = list().dataset.status;
  if (row) {
    if (Number(event.lastEventId) > Number(row.dataset.change)) {
      stale.add(id);
      timer ??= setTimeout(renew, ROW_PAUSE);
    }
    return;
  }
  const fits = wanted === "all" || (event.type === "alert.withdrawn") === (wanted === "withdrawn");
  if (!fits) fresh.delete(id);
  else if (event.type !== "alert.changed" || fresh.has(id)) fresh.add(id);
  showFresh();
}

function tell(live) {
  const mark = list()?.querySelector(".live");
  if (!mark) return;
  const words = mark.lastElementChild;
  mark.dataset.on ??= words.textContent;
  words.textContent = live ? mark.dataset.on : mark.dataset.off;
  mark.classList.toggle("off", !live);
}

function reload() {
  htmx.ajax("GET", `/console/?${list().dataset.query}`, { target: "#alerts", select: "#alerts", swap: "outerHTML" });
}

function close() {
  source?.close();
  source = null;
}

function open() {
  close();
  const address = list()?.dataset.stream;
  if (!address || document.hidden) return;
  const here = new EventSource(`${address}&last_event_id=${last}`);
  source = here;
  for (const name of EVENTS) here.addEventListener(name, hear);
  here.addEventListener("open", () => tell(true));
  here.addEventListener("error", () => {
    tell(false);
    // The browser comes again by itself, unless the answer was a refusal: then the list begins anew.
    if (here.readyState === EventSource.CLOSED) setTimeout(() => source === here && reload(), AGAIN);
  });
}

function begin() {
  fresh = new Set();
  stale = new Set();
  last = list()?.dataset.change ?? null;
  open();
}

function move(step) {
  const links = [...document.querySelectorAll("table.alerts th a")];
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
}

function press(event) {
  const at = document.activeElement;
  const inList = list()?.contains(at) ?? false;
  if (event.ctrlKey || event.metaKey || event.altKey || !list()) return;
  if (!inList && at !== document.body && at.id !== "content") return;
  const steps = { j: 1, k: -1, ...(inList ? { ArrowDown: 1, ArrowUp: -1 } : {}) };
  if (event.key in steps) {
    move(steps[event.key]);
    event.preventDefault();
  } else if (event.key === "n" && fresh.size) {
    document.getElementById("fresh").click();
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const banner = document.getElementById("offline");
  const away = (is) => () => { banner.hidden = !is; };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.body.addEventListener(name, away(true));
  }
  document.body.addEventListener("htmx:afterOnLoad", away(false));
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "alerts") return;
    begin();
    // The button that was pressed is gone: whoever goes by keyboard stands at the first alert.
    if (event.detail.requestConfig?.elt?.id === "fresh") document.querySelector("table.alerts th a")?.focus();
  });
  document.addEventListener("keydown", press);
  // Browsers keep few connections to a host: pages that nobody looks at hold none.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  begin();
});
