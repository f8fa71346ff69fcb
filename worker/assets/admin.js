// Loads the page again every ten seconds and puts what changed into it. Without it everything works as well.
(() => {
  "use strict";
  const EVERY = 10000;

  const isBusy = (part) => part.contains(document.activeElement) || part.querySelector("details[open]");

  const put = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(old.id);
      if (now && !isBusy(old) && now.innerHTML !== old.innerHTML) {
        old.replaceWith(document.adoptNode(now));
      }
    }
  };

  // A page that is the answer to a form has no address of its own: it names the one to ask.
  const address = () => document.querySelector("link[rel=canonical]")?.href ?? location.href;

  const refresh = async () => {
    if (document.hidden || !document.querySelector("[data-live]") || location.pathname === "/login") return;
    try {
      // The header tells the server that nobody is at the keyboard.
      const answer = await fetch(address(), { headers: { "X-Refresh": "1" }, cache: "no-store" });
      document.documentElement.toggleAttribute("data-stale", !answer.ok && answer.status !== 401);
      if (answer.status === 401) location.reload();
      else if (answer.ok) put(await answer.text());
    } catch {
      document.documentElement.setAttribute("data-stale", "");
    }
  };

  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);

  // What was just done is said once, not again after a reload.
  const here = new URL(location.href);
  if (here.searchParams.has("note")) {
    here.searchParams.delete("note");
    history.replaceState(null, "", here);
  }
})();
