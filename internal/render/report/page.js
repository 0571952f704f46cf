"use strict";
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const text = (row, i) => row.cells[i].textContent.trim();
  table.querySelectorAll("th").forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.title = "Sort by " + head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
      rows.sort((a, b) => (down ? -1 : 1) * order.compare(text(a, i), text(b, i)));
      body.append(...rows);
    });
  });
  if (!table.hasAttribute("data-filter")) continue;
  const box = document.createElement("div");
  box.className = "filter";
  const label = document.createElement("label");
  label.textContent = "Filter ";
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = "any text in a row";
  const count = document.createElement("span");
  count.className = "count";
  count.setAttribute("aria-live", "polite");
  label.append(input);
  box.append(label, count);
  table.parentElement.before(box);
  const words = new Map();
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      if (!words.has(row)) words.set(row, row.textContent.toLowerCase());
      row.hidden = wanted !== "" && !words.get(row).includes(wanted);
      if (!row.hidden) shown++;
    }
    count.textContent = wanted === "" ? "" : shown + " of " + rows.length + " rows";
  });
}
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => (d.open = true)));
