// A file's page: lines to link to, the outline to jump by, and where in it one is.
"use strict";
{
  const source = document.getElementById("source");
  const filter = document.getElementById("symbol");
  const links = [...document.querySelectorAll("#symbols a")];

  // -- lines -------------------------------------------------------------------------------------------------------

  let anchor = 0;

  function select(first, last, { scroll = false } = {}) {
    for (const line of source.querySelectorAll(".l.on")) line.classList.remove("on");
    for (let number = first; number <= last; number++) document.getElementById("L" + number)?.classList.add("on");
    if (scroll) document.getElementById("L" + first)?.scrollIntoView({ block: "center" });
  }

  function fromAddress() {
    const range = /^(\d+)-(\d+)$/.exec(new URLSearchParams(location.search).get("lines") ?? "");
    const line = /^#L(\d+)$/.exec(location.hash);
    if (!line) return;
    anchor = Number(line[1]);
    const inRange = range && Number(range[1]) === anchor;
    select(anchor, inRange ? Number(range[2]) : anchor, { scroll: true });
  }

  source.addEventListener("click", (event) => {
    const number = Number(event.target.closest(".no")?.dataset.n);
    if (!number) return;
    event.preventDefault();
    const [first, last] = event.shiftKey && anchor ? [Math.min(anchor, number), Math.max(anchor, number)] : [number, number];
    if (!event.shiftKey) anchor = number;
    history.replaceState(null, "", location.pathname + (last > first ? `?lines=${first}-${last}` : "") + "#L" + first);
    select(first, last);
  });
  window.addEventListener("hashchange", fromAddress);
  fromAddress();

  const copy = document.getElementById("copy");
  if (navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(location.href);
      copy.textContent = "copied";
      setTimeout(() => { copy.textContent = "copy link"; }, 1500);
    });
  }

  // -- the outline -------------------------------------------------------------------------------------------------

  const narrow = matchMedia("(max-width: 60rem)");
  const details = document.querySelector(".outline details");
  if (details && narrow.matches) details.open = false;

  function shown() {
    return links.filter((link) => !link.parentElement.hidden);
  }

  function jump(link) {
    history.replaceState(null, "", location.pathname + link.hash);
    fromAddress();
    if (narrow.matches && details) details.open = false;
  }

  if (filter) {
    filter.hidden = false;
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const link of links) link.parentElement.hidden = !link.textContent.toLowerCase().includes(wanted);
    });
    filter.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && shown().length) { jump(shown()[0]); filter.blur(); }
      else if (event.key === "Escape") { filter.value = ""; filter.dispatchEvent(new Event("input")); filter.blur(); }
      else if (event.key === "ArrowDown") { event.preventDefault(); event.stopPropagation(); shown()[0]?.focus(); }
    });
    document.getElementById("symbols").addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const all = shown();
      (all[all.indexOf(document.activeElement) + by] ?? (by < 0 ? filter : null))?.focus();
    });
    document.getElementById("symbols").addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      jump(link);
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea")) return;
    if (event.key === "s" && filter) {
      event.preventDefault();
      if (details) details.open = true;
      filter.focus();
    } else if (event.key === "u") {
      const folders = document.querySelectorAll(".crumbs a");
      folders[folders.length - 1]?.click();
    }
  });

  // Where in the outline the top of the window is.
  let current = null;
  let due = false;
  function place() {
    due = false;
    const line = source.querySelector(".l");
    if (!line) return;
    const top = 1.5 + Math.max(0, (window.innerHeight / 2 - source.getBoundingClientRect().top) / line.offsetHeight);
    const here = links.filter((link) => Number(link.dataset.line) <= top).pop() ?? null;
    if (here === current) return;
    current?.removeAttribute("aria-current");
    current = here;
    current?.setAttribute("aria-current", "location");
    if (!narrow.matches) current?.scrollIntoView({ block: "nearest" });
  }
  if (links.length) {
    window.addEventListener("scroll", () => { if (!due) { due = true; requestAnimationFrame(place); } }, { passive: true });
    place();
  }
}
