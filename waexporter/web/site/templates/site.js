// Refreshes a page in place, and filters while somebody types. Every page works without it.
"use strict";
(() => {
  const PATIENCE = 10_000; // milliseconds for an answer
  const PAUSE = 200; // milliseconds after the last key
  // What the reader has opened, typed and chosen.
  const OWN = { DETAILS: "open", INPUT: "value", OPTION: "selected" };
  const every = Number(document.body.dataset.refresh) * 1000;
  const lost = document.getElementById("lost");
  let fetched = Date.now();
  let timer;
  let running;

  // --- refresh ---------------------------------------------------------------------------------

  async function refresh() {
    clearTimeout(timer);
    running?.abort();
    const mine = (running = new AbortController());
    const patience = setTimeout(() => mine.abort(), PATIENCE);
    let failure = "";
    try {
      // Without the user and password that the address may have, which fetch refuses.
      const address = location.origin + location.pathname + location.search;
      const answer = await fetch(address, { signal: mine.signal, headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok) failure = `The exporter answers ${answer.status}`;
      else if (page.getElementById("main")) show(page);
      else failure = "Something else than the exporter answers"; // such as the login page of a proxy
    } catch {
      failure = "The exporter does not answer";
    } finally {
      clearTimeout(patience);
    }
    if (mine !== running) return; // a later one shows its result
    if (!failure) fetched = Date.now();
    tell(failure);
    if (every) timer = setTimeout(wake, every);
  }

  // Nobody reads a hidden page; it is refreshed as soon as it is seen.
  function wake() {
    timer = undefined;
    if (!document.hidden) refresh();
  }

  // What is old is never shown as if it were fresh.
  function tell(failure) {
    const since = new Date(fetched).toLocaleTimeString();
    const text = failure && `${failure}. What is shown here is as of ${since}.`;
    if (lost.textContent !== text) lost.textContent = text;
    lost.hidden = !text;
  }

  function show(page) {
    const focused = document.activeElement;
    document.title = page.title;
    const icon = 'link[rel="icon"]';
    document.querySelector(icon).href = page.querySelector(icon).href;
    update(document.getElementById("main"), page.getElementById("main"));
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  // --- change only what differs, so that focus, selection, scroll and open details stay ---------------

  function update(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.data = fresh.data;
      return;
    }
    updateAttributes(old, fresh);
    const wantedIds = new Set([...fresh.children].map((each) => each.id));
    const keyed = new Map();
    for (const each of [...old.children]) {
      if (each.id && !wantedIds.has(each.id)) each.remove();
      else if (each.id) keyed.set(each.id, each);
    }
    let place = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      const known = wanted.id ? keyed.get(wanted.id) : next(place, wanted);
      if (known && known.nodeName === wanted.nodeName) {
        // A moved node would lose focus and selection; what is before it is made again instead.
        while (place && place !== known && !place.id) place = remove(place);
        if (known === place) place = place.nextSibling;
        else old.insertBefore(known, place);
        update(known, wanted);
      } else {
        old.insertBefore(document.importNode(wanted, true), place);
      }
    }
    while (place) place = remove(place);
  }

  function remove(node) {
    const after = node.nextSibling;
    node.remove();
    return after;
  }

  // The next node of the same kind, unless it has a key and so belongs elsewhere.
  function next(place, wanted) {
    return place && !place.id && place.nodeName === wanted.nodeName ? place : null;
  }

  function updateAttributes(old, fresh) {
    const own = old.type === "hidden" ? undefined : OWN[old.nodeName];
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && name !== own) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && name !== own) old.setAttribute(name, value);
    }
  }

  // --- filter ----------------------------------------------------------------------------------

  function filter(form) {
    const fields = [...new FormData(form)].filter(([, value]) => value);
    const query = new URLSearchParams(fields).toString();
    history.replaceState(null, "", `${location.pathname}${query && `?${query}`}`);
    refresh();
  }

  let typing;
  document.addEventListener("input", ({ target }) => {
    const form = target.closest("form[data-filter]");
    if (!form) return;
    clearTimeout(typing);
    typing = setTimeout(() => filter(form), target.type === "search" ? PAUSE : 0);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-filter]")) return;
    event.preventDefault();
    clearTimeout(typing);
    filter(event.target);
  });
  // As on many sites, a slash leads to the filter.
  document.addEventListener("keydown", (event) => {
    const search = document.querySelector("form[data-filter] input[type=search]");
    const isTyping = event.target.matches("input, select, textarea");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping || !search) return;
    event.preventDefault();
    search.focus();
  });

  if (every) {
    document.addEventListener("visibilitychange", () => {
      // A computer that has slept may have stopped the timer; one whose clock was set back is never late.
      if (!document.hidden && (timer === undefined || Date.now() - fetched >= every)) refresh();
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("a[data-refresh]") && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        refresh();
      }
    });
    timer = setTimeout(wake, every);
  }
})();
