"use strict";

// Offsets in the data are code points; JavaScript counts UTF-16 units, so texts are cut as arrays of code points.

const KINDS = ["missed", "partial", "wrong category", "spurious"];

// The stretches of [0, length) between the ends of spans, each with the indexes of the spans that lie over it.
function stretches(length, spans) {
  const cuts = [...new Set([0, length, ...spans.flatMap(([start, end]) => [start, end])])].sort((a, b) => a - b);
  const found = [];
  for (let at = 0; at + 1 < cuts.length; at++) {
    const [start, end] = [cuts[at], cuts[at + 1]];
    const over = spans.flatMap(([from, to], index) => (from <= start && end <= to ? [index] : []));
    found.push({ start, end, over });
  }
  return found;
}

// The errors of a document that the filter lets through.
function errorsOf(document_, filter) {
  const all = document_.by[filter.detector]?.errors ?? [];
  return all.filter(([kind, , , category]) => filter.kinds.has(kind) && (!filter.category || filter.category === category));
}

// Indexes of the documents with such an error; with no kind chosen, all that the detector has read.
function chosen(documents, filter) {
  return documents.flatMap((one, index) => {
    if ((filter.corpus && filter.corpus !== one.corpus) || !(filter.detector in one.by)) return [];
    return !filter.kinds.size || errorsOf(one, filter).length ? [index] : [];
  });
}

function browser(data) {
  const ROW = 28;
  const $ = (id) => document.getElementById(id);
  const hue = (category) => (data.categories.indexOf(category) * 137) % 360;
  const filter = { detector: data.detectors.at(-1), corpus: "", category: "", kinds: new Set(KINDS) };
  let shown = [];
  let at = 0;
  let error = -1;

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function select(id, values, any) {
    const options = (any ? [["", any]] : []).concat(values.map((value) => [value, value]));
    $(id).append(...options.map(([value, text]) => element("option", { value, textContent: text })));
    $(id).value = filter[id];
    $(id).onchange = () => { filter[id] = $(id).value; apply(); };
  }

  function kinds() {
    for (const kind of KINDS) {
      const box = element("input", { type: "checkbox", checked: true });
      box.onchange = () => { filter.kinds[box.checked ? "add" : "delete"](kind); apply(); };
      $("kinds").append(element("label", {}, box, ` ${kind}`));
    }
  }

  function apply() {
    const before = shown[at];
    shown = chosen(data.documents, filter);
    at = Math.max(0, shown.indexOf(before));
    const errors = shown.reduce((sum, index) => sum + errorsOf(data.documents[index], filter).length, 0);
    $("count").textContent = `${shown.length} documents, ${errors} errors`;
    $("rows").style.height = `${shown.length * ROW}px`;
    show();
  }

  function rows() {
    const first = Math.max(0, Math.floor($("list").scrollTop / ROW) - 5);
    const last = Math.min(shown.length, first + Math.ceil($("list").clientHeight / ROW) + 10);
    $("rows").replaceChildren();
    for (let number = first; number < last; number++) {
      const one = data.documents[shown[number]];
      const row = element("button", { title: one.id }, element("span", { textContent: one.id }),
        element("span", { textContent: errorsOf(one, filter).length }));
      row.style.top = `${number * ROW}px`;
      if (number === at) row.setAttribute("aria-current", "true");
      row.onclick = () => { at = number; show(); };
      $("rows").append(row);
    }
  }

  function pane(id, points, spans) {
    $(id).replaceChildren(...stretches(points.length, spans).map(({ start, end, over }) => {
      const text = points.slice(start, end).join("");
      if (!over.length) return document.createTextNode(text);
      const mark = element("mark", { textContent: text, title: over.map((index) => spans[index][2]).join(" + ") });
      mark.style.setProperty("--hue", hue(spans[over[0]][3]));
      for (const index of over) if (spans[index][4]) mark.classList.add(spans[index][4].replace(" ", "-"));
      mark.dataset.start = start;
      return mark;
    }));
    $(id).scrollTop = 0;
  }

  function show() {
    const one = data.documents[shown[at]];
    error = -1;
    $("whose").textContent = filter.detector;
    if (!one) {
      for (const id of ["name", "gold", "predicted", "errors"]) $(id).replaceChildren();
      rows();
      return;
    }
    const found = errorsOf(one, filter);
    const kind = (start, end, kinds) => found.find((e) => e[1] === start && e[2] === end && kinds.includes(e[0]))?.[0];
    const points = Array.from(one.text);
    $("name").replaceChildren(`${one.id} `, element("small", { textContent: `${one.corpus} ${one.language}, ${at + 1} of ${shown.length}` }));
    pane("gold", points, one.gold.map(([start, end, category, label]) =>
      [start, end, label === category ? category : `${category} (${label})`, category, kind(start, end, KINDS.slice(0, 3))]));
    pane("predicted", points, one.by[filter.detector].predicted.map(([start, end, category]) =>
      [start, end, category, category, kind(start, end, ["spurious"])]));
    $("errors").replaceChildren(...found.map(([name, start, end, category], number) => {
      const line = element("button", { textContent: `${name}: ${category}: ${points.slice(start, end).join("")}` });
      line.onclick = () => go(number);
      return element("li", {}, line);
    }));
    const list = $("list");
    if (at * ROW < list.scrollTop || (at + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = at * ROW - list.clientHeight / 2;
    rows();
  }

  function go(number) {
    const found = errorsOf(data.documents[shown[at]] ?? { by: {} }, filter);
    if (!found.length) return;
    error = (number + found.length) % found.length;
    const [kind, start] = found[error];
    document.querySelectorAll(".here").forEach((mark) => mark.classList.remove("here"));
    const marks = [...$(kind === "spurious" ? "predicted" : "gold").querySelectorAll("mark")];
    const mark = marks.find((each) => Number(each.dataset.start) === start);
    mark?.classList.add("here");
    mark?.scrollIntoView({ block: "center" });
    [...$("errors").querySelectorAll("button")].forEach((line, index) => {
      if (index === error) line.setAttribute("aria-current", "true"); else line.removeAttribute("aria-current");
    });
    $("errors").children[error]?.scrollIntoView({ block: "nearest" });
  }

  function move(by) {
    at = Math.min(Math.max(0, at + by), Math.max(0, shown.length - 1));
    show();
  }

  const KEYS = { j: () => move(1), k: () => move(-1), n: () => go(error + 1), p: () => go(error < 0 ? -1 : error - 1) };

  // Both panes hold the same text: what is beside one another stays so.
  for (const [one, other] of [["gold", "predicted"], ["predicted", "gold"]]) {
    $(one).onscroll = () => { if ($(other).scrollTop !== $(one).scrollTop) $(other).scrollTop = $(one).scrollTop; };
  }
  $("list").onscroll = rows;
  window.onresize = rows;
  document.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    if (event.key in KEYS) { event.preventDefault(); KEYS[event.key](); }
  };
  select("detector", data.detectors);
  select("corpus", data.corpora, "all");
  select("category", data.categories, "all");
  kinds();
  $("legend").append(...data.categories.map((category) => {
    const mark = element("mark", { textContent: category });
    mark.style.setProperty("--hue", hue(category));
    return mark;
  }));
  apply();
}

if (typeof document !== "undefined") browser(JSON.parse(document.getElementById("data").textContent));
