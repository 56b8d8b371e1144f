"use strict";
// Search and filters over what is in the page already; without this script all of it is shown.
const STEP = 20;

function prepare(section) {
  const finder = section.querySelector(".finder");
  const box = finder.querySelector("input");
  const chosen = Object.fromEntries([...finder.querySelectorAll("select")].map((s) => [s.dataset.by, s]));
  const status = finder.querySelector("[role=status]");
  const parts = [...section.querySelectorAll("details.language")].map((part) => ({
    part,
    more: part.querySelector(".more"),
    shown: STEP,
    items: [...part.querySelectorAll("tbody")].map((body) => ({
      body,
      verdicts: body.dataset.v.split(" "),
      rows: [...body.rows].map((row) => ({
        row,
        field: row.cells.length > 1 ? row.cells[0].textContent : "",
        text: row.textContent.toLowerCase(),
      })),
    })),
  }));

  function fits(item, words, field, verdict) {
    if (verdict && !item.verdicts.includes(verdict)) return false;
    const texts = item.rows.filter((r) => !field || r.field === field).map((r) => r.text);
    return texts.length > 0 && words.every((word) => texts.some((text) => text.includes(word)));
  }

  function show(reset) {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [language, field, verdict] = ["language", "field", "verdict"].map((by) => chosen[by].value);
    const asked = words.length || verdict || language;
    let count = 0, all = 0;
    for (const one of parts) {
      if (reset) one.shown = STEP;
      const inside = !language || one.part.dataset.language === language;
      one.part.hidden = !inside;
      if (!inside) continue;
      const found = new Set(one.items.filter((item) => fits(item, words, field, verdict)).slice(0));
      let place = 0;
      for (const item of one.items) {
        item.body.hidden = !found.has(item) || place++ >= one.shown;
        for (const { row, field: own } of item.rows) row.hidden = Boolean(field && own && own !== field);
      }
      all += one.items.length;
      count += found.size;
      const left = found.size - Math.min(found.size, one.shown);
      one.more.hidden = left === 0;
      one.more.textContent = `Show ${Math.min(left, STEP)} more of ${left}`;
      if (reset && asked) one.part.open = found.size > 0;
    }
    status.textContent = asked ? `${count} of ${all} fit` : `${all} rows`;
    if (!asked) status.textContent += "; open a language to read them";
    paint(section, words);
  }

  let waiting;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => show(true), 80);
  });
  for (const select of Object.values(chosen)) select.addEventListener("change", () => show(true));
  for (const one of parts) {
    one.more.addEventListener("click", () => {
      one.shown += STEP;
      show(false);
    });
  }
  finder.hidden = false;
  show(false);
}

// Mark what was searched for, without touching the texts.
function paint(section, words) {
  if (!("highlights" in CSS)) return;
  const name = `found-${section.id}`;
  CSS.highlights.delete(name);
  if (!words.length) return;
  const ranges = [];
  for (const cell of section.querySelectorAll("tbody:not([hidden]) td")) {
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;
      for (const word of words) {
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(node, at);
          range.setEnd(node, at + word.length);
          ranges.push(range);
        }
      }
    }
  }
  CSS.highlights.set(name, new Highlight(...ranges));
}

document.querySelectorAll("section.browser").forEach(prepare);
