(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  function all(what, where) { return Array.prototype.slice.call((where || document).querySelectorAll(what)); }

  // Test sets: one at a time.
  var buttons = all("[data-pick]");
  function pick(name) {
    buttons.forEach(function (button) { button.setAttribute("aria-pressed", String(button.dataset.pick === name)); });
    all(".fold").forEach(function (part) { part.hidden = part.dataset.fold !== name; });
  }
  buttons.forEach(function (button) { button.addEventListener("click", function () { pick(button.dataset.pick); }); });
  if (buttons.length) { pick(buttons[0].dataset.pick); }

  // Tables: sort by a heading; numbers as numbers, missing ones last.
  function key(row, column) {
    var cell = row.cells[column], value = cell.dataset.key;
    return value === undefined ? cell.textContent.trim().toLowerCase() : value;
  }
  all("table.sortable").forEach(function (table) {
    all("th button", table).forEach(function (button, column) {
      button.addEventListener("click", function () {
        var head = button.parentNode, numeric = head.classList.contains("num"), now = head.getAttribute("aria-sort");
        var sign = now ? (now === "ascending" ? -1 : 1) : (numeric ? -1 : 1);
        all("th", table).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        var rows = all("tbody tr", table).map(function (row) { return [key(row, column), row]; });
        rows.sort(function (a, b) {
          if (a[0] === "" || b[0] === "") { return (a[0] === "") - (b[0] === ""); }
          return sign * (numeric ? parseFloat(a[0]) - parseFloat(b[0]) : a[0].localeCompare(b[0], undefined, { numeric: true }));
        });
        rows.forEach(function (pair) { table.tBodies[0].appendChild(pair[1]); });
      });
    });
  });
  all("[data-filter]").forEach(function (input) {
    var rows = all("tbody tr", document.getElementById(input.dataset.filter));
    input.addEventListener("input", function () {
      var wanted = input.value.trim().toLowerCase();
      rows.forEach(function (row) { row.hidden = row.textContent.toLowerCase().indexOf(wanted) < 0; });
    });
  });

  // The section in view is marked in the list of sections.
  if ("IntersectionObserver" in window) {
    var links = {};
    all("nav a").forEach(function (link) { links[link.getAttribute("href").slice(1)] = link; });
    var seen = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) { return; }
        Object.keys(links).forEach(function (id) { links[id].classList.toggle("here", id === entry.target.id); });
      });
    }, { rootMargin: "-15% 0px -75% 0px" });
    all("main section").forEach(function (section) { seen.observe(section); });
  }
}());
