// Listens for "something changed" and lets the page fetch itself again, unless a person is in the middle of something.
"use strict";
(function () {
  const pulse = document.getElementById("pulse");
  if (!pulse || !window.EventSource) return;
  const text = document.getElementById("pulse-text");
  let pending = false;

  function say(state, words) {
    pulse.dataset.state = state;
    text.textContent = words;
  }

  function busy() {
    const live = document.getElementById("live");
    const focused = document.activeElement;
    const typing = focused && live.contains(focused) && /^(INPUT|SELECT|TEXTAREA)$/.test(focused.tagName);
    return typing || live.querySelector("details[open]") !== null || String(window.getSelection()).length > 0;
  }

  function refresh() {
    if (!pending || document.hidden) return;
    if (busy()) return say("held", "Há novidades");
    pending = false;
    say("on", "Ao vivo");
    document.body.dispatchEvent(new CustomEvent("gateway:changed"));
  }

  function changed() {
    pending = true;
    refresh();
  }

  // A browser allows six connections to a host: a tab that is hidden or left lets its own go, also when kept for "back".
  let source = null;
  function open() {
    if (source) return;
    source = new EventSource(pulse.dataset.stream);
    source.addEventListener("ready", function () { say("on", "Ao vivo"); });
    source.addEventListener("changed", changed);
    source.onerror = function () { say("off", "Reconectando"); };
  }
  function close() {
    if (source) source.close();
    source = null;
  }
  if (!document.hidden) open();
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", function (event) {
    open();
    if (event.persisted) changed();
  });
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) return close();
    open();
    changed();
  });
  document.addEventListener("focusout", function () { window.setTimeout(refresh, 300); });
  document.addEventListener("toggle", refresh, true);

  // Keyboard focus survives a refresh: a link or button is found again by what it does.
  let kept = null;
  document.body.addEventListener("htmx:beforeSwap", function () {
    const focused = document.activeElement;
    const form = focused && focused.closest && focused.closest("form[action]");
    if (focused && focused.matches && focused.matches("a[href]")) kept = 'a[href="' + CSS.escape(focused.getAttribute("href")) + '"]';
    else if (form) kept = 'form[action="' + CSS.escape(form.getAttribute("action")) + '"] button';
    else kept = null;
  });
  document.body.addEventListener("htmx:afterSettle", function () {
    const again = kept && document.querySelector("#live " + kept);
    if (again) again.focus({ preventScroll: true });
  });
})();
