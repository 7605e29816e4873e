// What scrolls sideways can be reached by the keyboard, and only that.
const reachable = () => {
  for (const one of document.querySelectorAll("pre, .table-wrapper, .drawing-frame")) {
    if (one.scrollWidth > one.clientWidth) one.tabIndex = 0;
    else one.removeAttribute("tabindex");
  }
};
addEventListener("load", reachable);
addEventListener("resize", reachable);
