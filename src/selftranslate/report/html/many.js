// Sort, group and find languages; without this script they stand by family.
function arrange(table, finder) {
  const [box, groups, status] = ["input", "select", "[role=status]"].map((css) => finder.querySelector(css));
  const heads = [...table.tHead.rows[0].cells];
  const parted = [...table.tBodies].map((body) => ({ body, by: body.dataset.by, name: body.dataset.name }));
  const rows = [...table.querySelectorAll("tbody tr:not(.group)")].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    names: { family: row.closest("tbody").dataset.name, script: row.cells[2].textContent },
    values: [...row.cells].map((cell) => ("r" in cell.dataset ? Number(cell.dataset.r) : cell.textContent)),
  }));
  const all = table.createTBody();
  let column = 0, up = true;

  function compare(a, b) {
    if (typeof a === "string") return up ? a.localeCompare(b, "en") : b.localeCompare(a, "en");
    if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
    return up ? a - b : b - a;
  }
  function mean(members) {
    const values = members.map((one) => one.values[column]).filter((value) => !isNaN(value));
    return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
  }

  function show() {
    const by = groups.value;
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((one) => {
      const text = `${one.text} ${one.names.family.toLowerCase()}`;
      return words.every((word) => text.includes(word));
    });
    found.sort((a, b) => compare(a.values[column], b.values[column]) || rows.indexOf(a) - rows.indexOf(b));
    for (const { body } of parted) body.hidden = true;
    table.dataset.by = by;
    for (const { row } of rows) row.hidden = true;
    const own = parted.filter((part) => part.by === by).map((part) => ({
      body: part.body,
      members: found.filter((one) => one.names[by] === part.name),
    }));
    if (column > 2) own.sort((a, b) => compare(mean(a.members), mean(b.members)));
    if (!by) own.push({ body: all, members: found });
    for (const { body, members } of own) {
      body.hidden = members.length === 0;
      table.append(body);
      for (const { row } of members) {
        row.hidden = false;
        body.append(row);
      }
    }
    heads.forEach((head, at) => {
      if (at === column) head.setAttribute("aria-sort", up ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    const count = found.length === rows.length ? `${rows.length}` : `${found.length} of ${rows.length}`;
    status.textContent = `${count} languages, sorted by ${heads[column].textContent}`;
  }

  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      up = at === column ? !up : typeof rows[0].values[at] === "string" || head.textContent === "p";
      column = at;
      show();
    });
  });
  box.addEventListener("input", show);
  groups.addEventListener("change", show);
  finder.hidden = false;
  show();
}

// Narrow a list down to what holds all words.
function narrow(box) {
  const items = [...document.querySelectorAll(box.dataset.find)].map((item) => {
    const part = item.closest("section");
    return { item, part, text: `${part.getAttribute("aria-label")} ${item.textContent}`.toLowerCase() };
  });
  const status = box.closest("p").querySelector("[role=status]");
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const parts = new Map();
    let count = 0;
    for (const { item, part, text } of items) {
      item.hidden = !words.every((word) => text.includes(word));
      count += !item.hidden;
      parts.set(part, parts.get(part) || !item.hidden);
    }
    for (const [part, any] of parts) part.hidden = !any;
    status.textContent = words.length ? `${count} of ${items.length} fit` : "";
  });
  box.closest("p").hidden = false;
}

arrange(document.querySelector("table.languages"), document.querySelector(".arrange"));
document.querySelectorAll("input[data-find]").forEach(narrow);
