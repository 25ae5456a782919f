// What every page shares: searching as one types, the keyboard, help, the theme, and following an update.
"use strict";
{
  const box = document.getElementById("q");
  const form = document.getElementById("search");
  const results = document.getElementById("results");
  const TYPING_MS = 70;      // a pause this short still feels instant and saves a request for most letters
  const COMPLAINT_MS = 600;  // half a query is not an error yet: wait before showing one
  const INDEXING_MS = 500;   // a first index is being made: ask again so often

  // -- searching as one types ---------------------------------------------------------------------------------

  let running = null;
  let typing = 0;
  let complaint = 0;
  let retry = 0;
  const startPage = results && !location.search ? results.innerHTML : null;

  function address(query) {
    const fields = new URLSearchParams({ q: query });
    const folder = form.elements.in?.value;
    if (folder) fields.set("in", folder);
    return "?" + fields;
  }

  async function search(query) {
    running?.abort();
    clearTimeout(complaint);
    clearTimeout(retry);
    if (!query.trim()) {
      if (startPage !== null) results.innerHTML = startPage;
      history.replaceState(null, "", "/");
      return;
    }
    const mine = running = new AbortController();
    results.classList.add("waiting");
    try {
      const answer = await fetch("/results" + address(query), { signal: mine.signal });
      const html = await answer.text();
      if (mine !== running) return;
      history.replaceState(null, "", "/" + address(query));
      document.title = query + " · leindex";
      if (answer.status === 204) retry = setTimeout(search, INDEXING_MS, query);
      else if (answer.ok) show(html);
      else complaint = setTimeout(show, COMPLAINT_MS, html);
    } catch (error) {
      if (error.name !== "AbortError") show("<p class='note'>The server does not answer.</p>");
    } finally {
      if (mine === running) { running = null; results.classList.remove("waiting"); }
    }
  }

  function show(html) {
    results.innerHTML = html;
    window.scrollTo(0, 0);
  }

  if (box && results) {
    box.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(search, TYPING_MS, box.value);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const first = results.querySelector(".hit .place");
      if (document.activeElement === box && first && !typing && !running) first.focus();
      else { clearTimeout(typing); search(box.value); }
      typing = 0;
    });
    box.addEventListener("input", () => { typing = typing || 1; });
  }
  if (box && box.autofocus) box.setSelectionRange(box.value.length, box.value.length);

  // -- the keyboard ----------------------------------------------------------------------------------------------

  const help = document.getElementById("help");

  function isTyping(target) {
    return target.matches("input, textarea, select, [contenteditable]");
  }

  function step(by) {
    const places = [...document.querySelectorAll(".hit .place")];
    if (!places.length) return false;
    const at = places.indexOf(document.activeElement);
    if (at < 0 && document.activeElement !== box && isTyping(document.activeElement)) return false;
    const to = at + by;
    if (at < 0 && by < 0) return false;
    if (to < 0) { box.focus(); window.scrollTo(0, 0); return true; }
    const place = places[Math.min(to, places.length - 1)];
    place.focus({ preventScroll: true });
    place.closest(".hit").scrollIntoView({ block: "nearest" });
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help?.open) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (step(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
      return;
    }
    if (event.key === "Escape" && document.activeElement === box) { box.blur(); return; }
    if (isTyping(event.target)) return;
    if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
    else if (event.key === "/") { event.preventDefault(); box.focus(); box.select(); }
    else if (event.key === "?") { event.preventDefault(); help.showModal(); }
  });

  document.getElementById("help-link")?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    help.showModal();
  });
  help?.addEventListener("click", (event) => { if (event.target === help) help.close(); });

  // -- the theme -------------------------------------------------------------------------------------------------

  const theme = document.getElementById("theme");
  if (theme) {
    theme.hidden = false;
    theme.addEventListener("click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it lasts for this page then */ }
    });
  }

  // -- following an update ---------------------------------------------------------------------------------------

  async function follow() {
    const here = document.getElementById("indexing");
    if (!here) return;
    const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
    if (answer) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("indexing");
      if (!fresh) {
        if (!box.value.trim()) location.reload();
        return;
      }
      here.replaceWith(fresh);
    }
    setTimeout(follow, 700);
  }
  setTimeout(follow, 700);
}
