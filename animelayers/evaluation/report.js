"use strict";
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { metrics, models, ids } = data;
const named = Object.fromEntries(metrics.map((metric) => [metric.name, metric]));
const ofSamples = metrics.filter((metric) => models.some((model) => model.values[metric.name]));
const headline = metrics.filter((metric) => metric.headline);
const state = { metric: (ofSamples.find((metric) => metric.headline) ?? ofSamples[0])?.name, sort: null, up: false };
const ARROW = { higher: "↑", lower: "↓", neither: "" };

// Everything foreign goes through these two as text or as the value of a property, never as markup.
function h(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
function text(metric, value) { // as `tables.number`
  if (value == null) return "–";
  const small = value && Math.abs(value) < 0.5 * 10 ** -metric.digits;
  return small ? value.toExponential(1) : value.toFixed(metric.digits);
}
const colour = (index) => `m${index % 8}`;
const labelled = (model, index) => h("span", { className: `name ${colour(index)}`, textContent: model.label });
const defined = (model, name) => (model.values[name] ?? []).filter((value) => value !== null);
const about = (metric) => `${metric.heading}\n${metric.what}${metric.source ? `\n${metric.source}` : ""}`;
const plural = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

// ── tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────
function cell(model, metric) {
  const [, shown] = model.shown[metric.name], spread = model.spread[metric.name];
  const made = h("td", { textContent: shown, className: model.best.includes(metric.name) ? "best" : "" });
  if (spread) {
    made.title = `${plural(spread.n, "sample")}: mean ${text(metric, spread.mean)} ± ${text(metric, spread.std_error)}, median ${text(metric, spread.median)}, `
      + `5–95 % ${text(metric, spread.p05)} – ${text(metric, spread.p95)}, range ${text(metric, spread.min)} – ${text(metric, spread.max)}`;
    if (spread.n < model.scored) made.append(h("small", { textContent: `n ${spread.n}` }));
  }
  return made;
}
function column(metric) {
  const [group, ...rest] = metric.name.split(".");
  const unit = [metric.unit, ["mean", "set"].includes(metric.shown) ? "" : metric.shown].filter(Boolean).join(", ");
  const button = h("button", { title: about(metric), onclick: () => sortBy(metric.name) },
    h("small", { textContent: group }), `${rest.join(".")} ${ARROW[metric.better]}`, h("small", { textContent: unit || "\u00a0" }));
  const head = h("th", { scope: "col" }, button);
  if (state.sort === metric.name) head.ariaSort = state.up ? "ascending" : "descending";
  return head;
}
function sortBy(name) { // the best first, then the worst first
  const better = name === "model" ? "lower" : named[name].better;
  state.up = state.sort === name ? !state.up : better === "lower";
  state.sort = name;
  drawHeadline();
}
function sorted() {
  const key = (model) => (state.sort === "model" ? model.label : model.shown[state.sort]?.[0] ?? null);
  const places = models.map((_, index) => index);
  if (!state.sort) return places;
  return places.sort((one, other) => {
    const [a, b] = [key(models[one]), key(models[other])];
    if (a === null || b === null) return (a === null) - (b === null);
    return (a < b ? -1 : a > b ? 1 : 0) * (state.up ? 1 : -1);
  });
}
function drawHeadline() {
  const first = h("th", { scope: "col" }, h("button", { textContent: "model", onclick: () => sortBy("model") }));
  if (state.sort === "model") first.ariaSort = state.up ? "ascending" : "descending";
  const head = h("tr", {}, first, ...headline.map(column), h("th", { scope: "col", textContent: "scored" }), h("th", { scope: "col", textContent: "faults", title: "samples with any fault" }));
  const rows = sorted().map((index) => {
    const model = models[index];
    return h("tr", {}, h("th", { scope: "row" }, labelled(model, index)), ...headline.map((metric) => cell(model, metric)),
      h("td", { textContent: `${model.scored}/${model.samples}` }), h("td", { textContent: model.faulty }));
  });
  $("headline").replaceChildren(h("thead", {}, head), h("tbody", {}, ...rows));
}
function drawNotes() {
  const notes = [];
  if (models.length > 1 && data.caveats.length) notes.push(`No best is marked: ${data.caveats.join("; ")}.`);
  else if (models.length > 1 && !data.sameMachine) notes.push("Times and memory were not measured alike (machine or jobs differ): no best of those is marked.");
  for (const model of models) {
    if (model.recorded < model.samples) notes.push(`${model.label} is not finished: ${model.samples - model.recorded} of ${model.samples} samples have not run.`);
    if (model.changed) notes.push(`${model.label}: ${plural(model.changed, "prediction")} had to be changed to be read.`);
  }
  $("notes").replaceChildren(...notes.map((note) => h("li", { textContent: note })));
}
function drawAll() {
  const rows = [];
  metrics.forEach((metric, at) => {
    if (metric.group !== metrics[at - 1]?.group)
      rows.push(h("tr", {}, h("th", { className: "group", scope: "colgroup", colSpan: models.length + 1, textContent: metric.group })));
    const pick = h(metric.shown === "set" ? "span" : "button", { title: about(metric) }, metric.heading + (["mean", "set"].includes(metric.shown) ? "" : ` (${metric.shown})`));
    if (metric.shown !== "set") pick.onclick = () => { choose(metric.name); $("closely").scrollIntoView(); };
    const cells = models.map((model, index) => {
      const made = cell(model, metric), spread = model.spread[metric.name];
      if (spread?.std_error != null && metric.shown === "mean") made.firstChild.after(h("span", { className: "quiet", textContent: ` ± ${text(metric, spread.std_error)}` }));
      if (spread) made.append(histogram(metric, index));
      return made;
    });
    const row = h("tr", {}, h("th", { scope: "row" }, pick), ...cells);
    row.dataset.metric = metric.name;
    rows.push(row);
  });
  $("all").replaceChildren(h("thead", {}, h("tr", {}, h("th"), ...models.map((model, index) => h("th", { scope: "col" }, labelled(model, index))))), h("tbody", {}, ...rows));
  $("missing").textContent = data.missing.length ? `Not measured: ${data.missing.join(", ")}.` : "";
}
function drawTags() {
  const metric = named[$("part-metric").value];
  const tags = [...new Set(models.flatMap((model) => Object.keys(model.tags)))];
  const rows = tags.map((tag) => h("tr", {}, h("th", { scope: "row", textContent: tag }), ...models.map((model) => {
    const [mean, n] = model.tags[tag]?.metrics[metric.name] ?? [null, 0];
    return h("td", { textContent: text(metric, mean) }, h("small", { textContent: `n ${n}` }));
  })));
  $("tags").replaceChildren(h("thead", {}, h("tr", {}, h("th"), ...models.map((model, index) => h("th", { scope: "col" }, labelled(model, index))))), h("tbody", {}, ...rows));
}

// ── pictures of numbers ───────────────────────────────────────────────────────────────────────────────────────────────
function range(name) {
  const all = models.flatMap((model) => defined(model, name));
  const low = all.reduce((a, b) => Math.min(a, b), Infinity), high = all.reduce((a, b) => Math.max(a, b), -Infinity);
  const room = (high - low) * 0.03;
  return room ? [low - room, high + room] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
}
function histogram(metric, index, bins = 21) {
  const [low, high] = range(metric.name), counts = new Array(bins).fill(0);
  for (const value of defined(models[index], metric.name)) counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]++;
  const top = Math.max(...counts);
  const path = counts.map((count, bin) => (count ? `M${bin * 4} 19.5v${-Math.max(1.5, (18 * count) / top)}h3.4V19.5z` : "")).join("");
  return svg("svg", { class: `hist ${colour(index)}`, viewBox: "0 0 84 20", "aria-hidden": "true" }, svg("line", { x1: 0, x2: 84, y1: 19.5, y2: 19.5 }), svg("path", { d: path }));
}
function ticks([low, high], wanted = 5) {
  const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.8);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++)
    found.push([at * step, Math.abs(at * step) < 1e-4 && at ? (at * step).toExponential(0) : (at * step).toFixed(Math.min(digits, 8))]);
  return found;
}
function dot(index, sample, x, y, words) {
  const made = svg("circle", { class: `dot ${colour(index)}`, cx: x.toFixed(1), cy: y.toFixed(1), r: 3.2 }, svg("title", {}, words));
  made.addEventListener("click", () => open(sample));
  return made;
}
function drawSpread() {
  const metric = named[state.metric], W = 720, LEFT = 12, RIGHT = 708, ROW = models.length > 1 ? Math.max(56, 330 / models.length) : 96;
  const bounds = range(metric.name), H = models.length * ROW + 24;
  const x = (value) => LEFT + ((value - bounds[0]) / (bounds[1] - bounds[0])) * (RIGHT - LEFT);
  const drawn = [];
  for (const [value, words] of ticks(bounds))
    drawn.push(svg("line", { class: "axis", x1: x(value), x2: x(value), y1: 0, y2: H - 20 }), svg("text", { x: x(value), y: H - 6, "text-anchor": "middle" }, words));
  models.forEach((model, index) => {
    const top = index * ROW, middle = top + 24 + (ROW - 30) / 2, half = (ROW - 36) / 2, spread = model.spread[metric.name];
    drawn.push(svg("text", { class: "label", x: LEFT, y: top + 15 }, model.label));
    drawn.push(svg("text", { x: RIGHT, y: top + 15, "text-anchor": "end" }, spread ? `n ${spread.n}` : "not defined"));
    if (!spread) return;
    drawn.push(svg("line", { class: `range ${colour(index)}`, x1: x(spread.p05), x2: x(spread.p95), y1: middle, y2: middle }));
    model.values[metric.name].forEach((value, sample) => { // spread over the row by the golden ratio: always alike
      if (value !== null) drawn.push(dot(index, sample, x(value), middle - half + 2 * half * ((sample * 0.618034) % 1), `${ids[sample]}: ${text(metric, value)}`));
    });
    drawn.push(svg("line", { class: "median", x1: x(spread.median), x2: x(spread.median), y1: middle - half - 3, y2: middle + half + 3 }));
  });
  $("spread").querySelector("svg")?.remove();
  $("spread").append(svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `Distribution of ${metric.name}` }, ...drawn));
}
function drawAgainst() {
  if (models.length < 2) return;
  const metric = named[state.metric], [a, b] = [Number($("left").value), Number($("right").value)], S = 400, L = 52, B = 352;
  const bounds = range(metric.name), at = (value) => (value - bounds[0]) / (bounds[1] - bounds[0]);
  const x = (value) => L + at(value) * (S - 12 - L), y = (value) => B - at(value) * (B - 12);
  const drawn = [svg("line", { class: "diagonal", x1: L, y1: B, x2: S - 12, y2: 12 })];
  for (const [value, words] of ticks(bounds, 4)) {
    drawn.push(svg("line", { class: "axis", x1: x(value), x2: x(value), y1: 12, y2: B }), svg("line", { class: "axis", x1: L, x2: S - 12, y1: y(value), y2: y(value) }));
    drawn.push(svg("text", { x: x(value), y: B + 16, "text-anchor": "middle" }, words), svg("text", { x: L - 6, y: y(value) + 4, "text-anchor": "end" }, words));
  }
  drawn.push(svg("text", { class: "label", x: (L + S - 12) / 2, y: S - 10, "text-anchor": "middle" }, models[a].label));
  drawn.push(svg("text", { class: "label", transform: `translate(13 ${(B + 12) / 2}) rotate(-90)`, "text-anchor": "middle" }, models[b].label));
  const counts = { up: 0, equal: 0, down: 0 };
  ids.forEach((id, sample) => {
    const [one, other] = [a, b].map((index) => models[index].values[metric.name]?.[sample] ?? null);
    if (one === null || other === null) return;
    counts[other > one ? "up" : other < one ? "down" : "equal"]++;
    drawn.push(dot(b, sample, x(one), y(other), `${id}: ${text(metric, one)} → ${text(metric, other)}`));
  });
  const both = counts.up + counts.equal + counts.down, words = metric.better === "neither" ? ["larger", "smaller"] : ["better", "worse"];
  const [good, bad] = metric.better === "lower" ? [counts.down, counts.up] : [counts.up, counts.down];
  $("shares").textContent = `Of ${plural(both, "sample")} with both values ${models[b].label} is ${words[0]} on ${good}, equal on ${counts.equal}, ${words[1]} on ${bad}.`;
  $("against").querySelector("svg")?.remove();
  $("pair").after(svg("svg", { viewBox: `0 0 ${S} ${S}`, role: "img", "aria-label": `${models[b].label} against ${models[a].label}` }, ...drawn));
}

// ── samples ───────────────────────────────────────────────────────────────────────────────────────────────────────────
function faultsOf(model, sample) { return model.faults.filter(([place]) => place === sample); }
function marks(model, sample) {
  return faultsOf(model, sample).map(([, code, what]) => h("span", { className: "fault", textContent: code, title: `${data.faultCodes[code] ?? ""}\n${what}` }));
}
function picture(model, sample) {
  const source = model.pictures[sample];
  return source ? h("img", { src: source, alt: `${ids[sample]}: ${model.label}`, loading: "lazy" }) : h("span", { className: "none", textContent: "no picture" });
}
function drawWorst() {
  const metric = named[state.metric];
  const which = { higher: "lowest", lower: "highest", neither: "largest" }[metric.better];
  $("worst").replaceChildren(...models.flatMap((model, index) => {
    const worst = model.worst[metric.name] ?? [];
    const cards = worst.map((sample) => h("button", { className: "card", onclick: () => open(sample) }, picture(model, sample),
      h("span", {}, h("b", { textContent: ids[sample] }), h("i", { textContent: text(metric, model.values[metric.name][sample]) }), h("small", {}, ...marks(model, sample)))));
    const unscored = model.recorded - model.scored;
    const words = ` – the ${plural(worst.length, "sample").replace(/^1 /, "")} with the ${which} ${metric.name}` + (unscored ? `; ${unscored} more could not be scored, see faults` : "");
    return worst.length ? [h("h3", {}, labelled(model, index), h("small", { textContent: words })), h("div", { className: "cards" }, ...cards)] : [];
  }));
}
function open(sample) {
  $("sample-id").textContent = ids[sample];
  const shown = [named[state.metric], ...headline.filter((metric) => metric.name !== state.metric && metric.shown !== "set")];
  $("answers").replaceChildren(...models.map((model, index) => h("div", {}, h("h3", {}, labelled(model, index)), picture(model, sample),
    ...faultsOf(model, sample).map(([, code, what]) => h("p", {}, h("span", { className: "fault", textContent: code }), what)),
    h("table", {}, h("tbody", {}, ...shown.map((metric) => h("tr", {}, h("td", { textContent: metric.heading, title: about(metric) }),
      h("td", { textContent: text(metric, model.values[metric.name]?.[sample]) }))))))));
  $("sample").showModal();
}
function drawFaults() {
  const codes = [...new Set(models.flatMap((model) => model.faults.map(([, code]) => code)))];
  if (!codes.length) return $("faults").replaceChildren(h("p", { className: "quiet", textContent: "None." }));
  const rows = codes.map((code) => h("tr", {}, h("th", { scope: "row", textContent: code }),
    ...models.map((model) => h("td", { textContent: new Set(model.faults.filter(([, found]) => found === code).map(([place]) => place)).size })), h("td", { className: "words quiet", textContent: data.faultCodes[code] ?? "" })));
  const head = h("tr", {}, h("th"), ...models.map((model, index) => h("th", { scope: "col" }, labelled(model, index))), h("th"));
  const lists = models.filter((model) => model.faults.length).map((model) => h("details", {}, h("summary", { textContent: `${model.label}: ${plural(model.faulty, "sample")}` }),
    h("ul", {}, ...model.faults.map(([place, code, what]) => h("li", {}, h("b", { textContent: ids[place] }), ` ${code} – ${what}`)))));
  return $("faults").replaceChildren(h("div", { className: "wide" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows))), ...lists);
}

// ── the page ──────────────────────────────────────────────────────────────────────────────────────────────────────────
function choose(name) {
  state.metric = name;
  $("metric").value = name;
  const metric = named[name];
  $("definition").textContent = metric.what + (metric.source ? ` [${metric.source}]` : "");
  for (const row of $("all").querySelectorAll("[data-metric]")) row.classList.toggle("chosen", row.dataset.metric === name);
  drawSpread();
  drawAgainst();
  drawWorst();
}
function options(list, chosen) {
  return list.map(([value, words]) => h("option", { value, textContent: words, selected: value === chosen }));
}
function begin() {
  const word = data.mode[0].toUpperCase() + data.mode.slice(1);
  $("title").textContent = `${word} on ${data.set.name}`;
  $("facts").textContent = `${plural(data.set.samples, "sample")} · set digest ${data.set.digest.slice(0, 12)} · ${plural(models.length, "model")} · ↑ larger is better, ↓ smaller is better · click a column to sort`;
  $("metric").append(...options(ofSamples.map((metric) => [metric.name, metric.heading]), state.metric));
  $("metric").onchange = () => choose($("metric").value);
  const labels = models.map((model, index) => [index, model.label]);
  $("left").append(...options(labels, 0));
  $("right").append(...options(labels, 1));
  $("left").onchange = $("right").onchange = drawAgainst;
  $("against").hidden = models.length < 2;
  $("charts").classList.toggle("single", models.length < 2);
  const ofParts = ofSamples.filter((metric) => models.some((model) => Object.values(model.tags).some((tag) => metric.name in tag.metrics)));
  $("parts").hidden = $("to-parts").hidden = !ofParts.length;
  $("part-metric").append(...options(ofParts.map((metric) => [metric.name, metric.heading])));
  $("part-metric").onchange = drawTags;
  $("models").append(...models.map((model, index) => h("div", {}, h("h3", {}, labelled(model, index)),
    h("dl", {}, ...Object.entries(model.facts).flatMap(([key, value]) => [h("dt", { textContent: key }), h("dd", { textContent: value })])))));
  $("definitions").append(...metrics.map((metric) => h("div", {}, h("dt", { textContent: metric.heading }), h("dd", { textContent: metric.what + (metric.source ? ` [${metric.source}]` : "") }))));
  drawHeadline();
  drawNotes();
  drawAll();
  drawFaults();
  if (ofParts.length) drawTags();
  if (state.metric) choose(state.metric);
  else $("closely").closest("section").hidden = true;
  document.body.dataset.ready = "";
}
begin();
