"use strict";
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("stack").textContent);
const layers = data.layers; // bottom → top; places and sizes in stored pixels, 1 of which is data.factor of the picture's
const WIDTH = Math.ceil(data.width / data.factor), HEIGHT = Math.ceil(data.height / data.factor);
const DARKENING = ["multiply", "darken", "color-burn"];
const LIGHTENING = ["screen", "lighten", "color-dodge", "plus-lighter", "difference", "exclusion"];
const PAPERS = { checker: "", white: "#fff", grey: "#808080", black: "#000" };
const still = matchMedia("(prefers-reduced-motion: reduce)");
const start = () => ({ selected: layers.length - 1, solo: null, matte: null, blending: true });
const state = { ...start(), view: "picture", paper: "checker", holding: false, wipe: 0.5, spread: 0.5,
  zoom: 1, base: 1, x: 0, y: 0, fitted: true, tilt: [0, 0], turn: [-14, 36], near: 1 };
const first = layers.map(({ visible, opacity }) => ({ visible, opacity }));
const stage = $("stage"), screen = $("screen").getContext("2d");
const flat = pen(WIDTH, HEIGHT, "float16"), spare = pen(WIDTH, HEIGHT, "float16"); // 8 bits where a browser has no more

function pen(width, height, colorType = "unorm8") {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  return canvas.getContext("2d", { colorType });
}
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
function label(mode) { return mode === "plus-lighter" ? "Add" : mode[0].toUpperCase() + mode.slice(1).replace("-", " "); }
function ground({ blend }) { // what a lone layer can be judged on
  return DARKENING.includes(blend) ? "white" : LIGHTENING.includes(blend) ? "black" : blend === "normal" ? "" : "grey";
}
function soloed() { return state.solo === null ? null : layers[state.solo]; }
function shown(layer) { return soloed() ? layer === soloed() : layer.visible; }
function paper() { return (soloed() && (state.matte || ground(soloed()))) || state.paper; }

// ── compositing: at the stored size, so that every zoom shows the same picture ────────────────────────────────────────
function compose() {
  flat.clearRect(0, 0, WIDTH, HEIGHT);
  layers.forEach((layer, index) => {
    if (!shown(layer) || !layer.image) return;
    const depth = layers.length > 1 ? index / (layers.length - 1) - 0.5 : 0;
    const [x, y] = [layer.left + depth * state.tilt[0], layer.top + depth * state.tilt[1]];
    const mode = state.blending && !soloed() ? layer.blend : "normal";
    if (mode === "plus-lighter") return add(layer, x, y);
    put(flat, layer.image, x, y, mode === "normal" ? "source-over" : mode, layer.opacity);
  });
}
function put(on, image, x, y, mode, alpha = 1) {
  on.globalCompositeOperation = mode;
  on.globalAlpha = alpha;
  on.drawImage(image, x, y);
}
function add(layer, x, y) { // painting programs clamp the sum before the layer's alpha counts, "lighter" after it
  layer.glow ??= remade(layer, (levels, at) => { if (levels[at + 3]) levels[at + 3] = 255; });
  put(spare, flat.canvas, 0, 0, "copy");
  put(spare, layer.glow, x, y, "lighter");
  put(spare, layer.image, x, y, "destination-in", layer.opacity);
  put(flat, spare.canvas, 0, 0, "source-over");
}
function ink(layer) { // a Multiply or Screen sheet as paint on glass: what changes nothing becomes transparent
  const dark = layer.blend === "multiply";
  return remade(layer, (levels, at) => {
    const [r, g, b] = [levels[at], levels[at + 1], levels[at + 2]];
    const rest = dark ? Math.min(r, g, b) : 0, paint = dark ? 255 - rest : Math.max(r, g, b);
    for (let c = at; paint && c < at + 3; c += 1) levels[c] = ((levels[c] - rest) * 255) / paint;
    levels[at + 3] *= paint / 255;
  });
}
function remade(layer, change) {
  const copy = pen(layer.width, layer.height);
  copy.drawImage(layer.image, 0, 0);
  const pixels = copy.getImageData(0, 0, layer.width, layer.height);
  for (let at = 0; at < pixels.data.length; at += 4) change(pixels.data, at);
  copy.putImageData(pixels, 0, 0);
  return copy.canvas;
}

// ── the screen ───────────────────────────────────────────────────────────────────────────────────────────────────
let stale = false, waiting = false;
function redraw(composite = true) { // at most once a frame
  stale ||= composite;
  if (!waiting) requestAnimationFrame(draw);
  waiting = true;
}
function draw() {
  waiting = false;
  if (stale) compose();
  stale = false;
  const dense = devicePixelRatio, { canvas } = screen, zoom = state.zoom * dense;
  const [width, height] = [stage.clientWidth, stage.clientHeight].map((side) => Math.round(side * dense));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  screen.clearRect(0, 0, width, height);
  const frame = [state.x * dense, state.y * dense, WIDTH * zoom, HEIGHT * zoom].map(Math.round);
  const sourceOnly = state.holding && data.source, cut = frame[0] + Math.round(frame[2] * state.wipe);
  screen.imageSmoothingEnabled = zoom < 3;
  screen.imageSmoothingQuality = "high";
  if (!sourceOnly) sheet(frame, flat.canvas, paper());
  if (sourceOnly || state.view === "compare") {
    screen.save();
    screen.beginPath();
    screen.rect(frame[0], frame[1], sourceOnly ? frame[2] : cut - frame[0], frame[3]);
    screen.clip();
    const { image, left, top } = data.source, whole = spare;
    whole.clearRect(0, 0, WIDTH, HEIGHT);
    if (image) put(whole, image, left, top, "copy");
    sheet(frame, whole.canvas, state.paper);
    screen.restore();
  }
  const bar = $("divider").style;
  [bar.left, bar.top, bar.height] = [cut / dense - 1, frame[1] / dense, frame[3] / dense].map((px) => `${px}px`);
}
function sheet([x, y, width, height], image, name) {
  screen.fillStyle = PAPERS[name] || checker;
  screen.fillRect(x, y, width, height);
  screen.drawImage(image, x, y, width, height);
}
const tile = pen(24, 24);
[["#fff", 0, 0, 24, 24], ["#ddd", 0, 0, 12, 12], ["#ddd", 12, 12, 12, 12]].forEach(([colour, ...box]) => { tile.fillStyle = colour; tile.fillRect(...box); });
const checker = screen.createPattern(tile.canvas, "repeat");

function zoomTo(zoom, x = stage.clientWidth / 2, y = stage.clientHeight / 2) { // keeps what lies under (x, y) there
  if (state.view === "explode") {
    state.near = Math.min(8, Math.max(0.2, state.near * (zoom / state.zoom)));
    spreadSheets();
    return refreshZoom();
  }
  zoom = Math.min(64, Math.max(0.02, zoom));
  state.x = x - ((x - state.x) * zoom) / state.zoom;
  state.y = y - ((y - state.y) * zoom) / state.zoom;
  Object.assign(state, { zoom, fitted: false });
  refreshZoom();
}
function fit() {
  const [width, height] = [stage.clientWidth - 32, stage.clientHeight - 32], dense = devicePixelRatio;
  let zoom = Math.min(width / WIDTH, height / HEIGHT, 4);
  if (zoom * dense > 1 && zoom * dense < 1.5) zoom = 1 / dense; // crisp is better than slightly larger
  Object.assign(state, { zoom, base: zoom, x: (stage.clientWidth - WIDTH * zoom) / 2, y: (stage.clientHeight - HEIGHT * zoom) / 2, fitted: true, near: 1 });
  refreshZoom();
  spreadSheets();
}
function refreshZoom() {
  const share = state.view === "explode" ? state.near : (state.zoom * devicePixelRatio) / data.factor;
  $("percent").value = `${Math.round(100 * share)} %`;
  redraw(false);
}

// ── the spread sheets ────────────────────────────────────────────────────────────────────────────────────────────
function makeSheets() {
  $("sheets").classList.toggle("many", layers.length > 8);
  for (const [index, layer] of layers.entries()) {
    const picture = !layer.image ? "" : ["multiply", "screen"].includes(layer.blend) ? ink(layer) : layer.image;
    layer.sheet = element("div", { className: "sheet" }, element("span", { textContent: layer.name }), picture);
    layer.sheet.dataset.index = index;
    const share = { left: layer.left / WIDTH, top: layer.top / HEIGHT, width: layer.width / WIDTH, height: layer.height / HEIGHT };
    for (const [side, part] of Object.entries(share)) if (picture) picture.style[side] = `${100 * part}%`;
    $("sheets").append(layer.sheet);
  }
}
function spreadSheets(open = state.view === "explode") {
  if (!layers[0]?.sheet) return;
  const { clientWidth: width, clientHeight: height } = stage, [pitch, yaw] = open ? state.turn : [0, 0];
  const depth = open ? state.spread * 3 * Math.min(1, (layers.length - 1) / 3) * Math.max(WIDTH, HEIGHT) : 0;
  const [sin, cos] = [Math.sin, Math.cos].map((of) => Math.abs(of((yaw * Math.PI) / 180)));
  const room = Math.min((width - 70) / (WIDTH * cos + depth * sin), (height - 90) / (HEIGHT + 0.3 * depth));
  const scale = open ? (room / (1 + (depth * room) / 6000)) * state.near : state.zoom; // the front sheets look larger
  const [x, y] = open ? [0, 0] : [state.x + (WIDTH * scale - width) / 2, state.y + (HEIGHT * scale - height) / 2];
  $("sheets").style.transform = `translate(${x}px, ${y}px) scale(${scale / state.base}) rotateX(${pitch}deg) rotateY(${yaw}deg)`;
  $("sheets").style.setProperty("--text", `${(12.5 * state.base) / scale}px`);
  for (const [index, layer] of layers.entries()) {
    const z = depth * state.base * (index / Math.max(1, layers.length - 1) - 0.5);
    Object.assign(layer.sheet.style, { width: `${WIDTH * state.base}px`, height: `${HEIGHT * state.base}px`,
      transform: `translate3d(-50%, -50%, ${z}px)`, opacity: layer.opacity, visibility: shown(layer) ? "inherit" : "hidden" });
  }
}

const groups = [];
// ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────────
function makeList() {
  let path = [];
  for (const layer of layers.toReversed()) {
    let same = 0;
    while (same < path.length && path[same] === layer.group[same]) same += 1;
    for (let depth = same; depth < layer.group.length; depth += 1) $("list").append(groupRow(layer.group.slice(0, depth + 1)));
    path = layer.group;
    layer.row = row(layer.name, layer.group.length);
    const [eye, pick, solo] = layer.row.querySelectorAll("button");
    layer.row.querySelector("b").textContent = layer.name;
    layer.row.querySelector("small").textContent = (layer.canonical === layer.name ? "" : `${layer.canonical} · `) + label(layer.blend);
    solo.ariaLabel = `Solo ${layer.name}`;
    eye.onclick = () => { layer.visible = !layer.visible; refresh(); };
    pick.onclick = () => select(layers.indexOf(layer));
    solo.onclick = () => soloOnly(layers.indexOf(layer));
    drawThumb(layer);
    $("list").append(layer.row);
  }
}
function row(name, depth) {
  const made = $("row").content.firstElementChild.cloneNode(true);
  made.style.setProperty("--depth", depth);
  made.querySelector(".eye").ariaLabel = `Show ${name}`;
  return made;
}
function groupRow(group) {
  const members = layers.filter((layer) => group.every((name, depth) => layer.group[depth] === name));
  const made = row(group.at(-1), group.length - 1), eye = made.querySelector(".eye");
  made.className = "group";
  made.querySelectorAll(".pick, .solo").forEach((button) => button.remove());
  made.append(element("b", { textContent: group.at(-1) }));
  eye.onclick = () => { const on = !members.some((layer) => layer.visible); members.forEach((layer) => { layer.visible = on; }); refresh(); };
  groups.push({ eye, members });
  return made;
}
function drawThumb({ row: made, image, width, height, ...layer }) {
  const thumb = made.querySelector("canvas"), context = thumb.getContext("2d"), scale = 76 / Math.max(width, height);
  if (ground(layer)) thumb.classList.add(ground(layer));
  context.imageSmoothingQuality = "high";
  if (image) context.drawImage(image, 40 - (width * scale) / 2, 40 - (height * scale) / 2, width * scale, height * scale);
}

// ── what people do ───────────────────────────────────────────────────────────────────────────────────────────────
function refresh() { // everything that shows the state, from the state
  for (const [index, { row: made, sheet: spread, visible, name }] of layers.entries()) {
    const [eye, pick, solo] = made.querySelectorAll("button"), current = index === state.selected;
    eye.ariaPressed = visible;
    solo.ariaPressed = index === state.solo;
    made.classList.toggle("selected", current);
    made.classList.toggle("dim", !shown(layers[index]));
    for (const button of [eye, pick, solo]) button.tabIndex = current ? 0 : -1; // one stop for Tab, arrows move it
    for (const shows of [pick, spread]) shows && (current ? shows.setAttribute("aria-current", "true") : shows.removeAttribute("aria-current"));
  }
  for (const { eye, members } of groups) eye.ariaPressed = members.some((layer) => layer.visible);
  const layer = layers[state.selected], lone = soloed();
  $("opacity").value = $("opaque").value = layer ? Math.round(layer.opacity * 100) : 100;
  $("opaque").value += " %";
  $("blending").ariaPressed = state.blending;
  for (const button of document.querySelectorAll(".paper")) button.ariaPressed = button.value === paper();
  for (const button of document.querySelectorAll(".views button")) button.ariaPressed = button.value === state.view;
  stage.style.setProperty("--air", PAPERS[state.paper]);
  stage.classList.toggle("exploded", state.view === "explode" && !state.holding);
  $("divider").hidden = state.view !== "compare" || state.holding;
  $("spreading").hidden = state.view !== "explode";
  $("wiping").hidden = state.view !== "compare";
  $("hold").hidden = !data.source;
  $("all").hidden = !lone;
  $("note").textContent = state.holding ? "Source" : note(lone);
  spreadSheets();
  refreshZoom();
  redraw();
}
function note(lone) {
  if (lone) return `Only ${lone.name}` + (lone.blend === "normal" ? "" : ` · ${label(lone.blend)} layer, shown unblended`);
  if (!state.blending && state.view !== "explode") return "Blend modes off";
  return { picture: "Click the picture to select a layer", parallax: "Drag to shift the layers", explode: "Drag to turn", compare: "" }[state.view];
}
function select(index, focus = false) {
  state.selected = Math.min(layers.length - 1, Math.max(0, index));
  if (soloed()) Object.assign(state, { solo: state.selected, matte: null });
  refresh();
  const made = layers[state.selected]?.row;
  made?.scrollIntoView({ block: "nearest" });
  if (focus) made?.querySelector(".pick").focus();
}
function soloOnly(index, on = state.solo !== index) {
  Object.assign(state, { solo: on ? index : null, selected: index, matte: null });
  refresh();
}
function view(name) { // the same view again leads back to the picture
  if (name === "compare" && !data.source) return;
  state.view = name === state.view ? "picture" : name;
  if (state.view === "explode" && layers.length && !layers[0].sheet) {
    makeSheets();
    spreadSheets(false);
    $("sheets").getBoundingClientRect(); // laid out flat once, so that they can travel from there
  }
  refresh();
}
function hold(on) {
  if (!data.source || state.holding === on) return;
  state.holding = on;
  refresh();
}
function setPaper(name) {
  if (soloed()) state.matte = name;
  else state.paper = name;
  refresh();
}
function setOpacity(value) {
  const layer = layers[state.selected];
  if (layer) layer.opacity = Math.min(1, Math.max(0, value));
  refresh();
}
function shift(x, y) { // what a drag of (x, y) px does in this view
  if (state.view === "explode") state.turn = [Math.min(80, Math.max(-80, state.turn[0] - y / 4)), state.turn[1] + x / 4];
  else if (state.view === "parallax") state.tilt = [state.tilt[0] + x / state.zoom / 3, state.tilt[1] + y / state.zoom / 3];
  else Object.assign(state, { x: state.x + x, y: state.y + y, fitted: false });
  if (state.view === "explode") spreadSheets();
  else redraw(state.view === "parallax");
}
function settle() { // the shifted layers come home
  if (pointers.size || (!state.tilt[0] && !state.tilt[1])) return;
  state.tilt = state.tilt.map((px) => (still.matches || Math.abs(px) < 0.3 ? 0 : px * 0.82));
  redraw();
  requestAnimationFrame(settle);
}
function layerAt(x, y) { // the top-most layer that shows at a place on the stage
  const probe = pen(1, 1), [px, py] = [Math.floor((x - state.x) / state.zoom), Math.floor((y - state.y) / state.zoom)];
  return layers.findLastIndex((layer) => {
    if (!shown(layer) || !layer.image) return false;
    probe.clearRect(0, 0, 1, 1);
    probe.drawImage(layer.image, layer.left - px, layer.top - py);
    return probe.getImageData(0, 0, 1, 1).data[3] > 25;
  });
}

const pointers = new Map();
let travelled = 0, wiping = false, pressed = null;
stage.onpointerdown = (event) => {
  stage.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  stage.classList.add("dragging");
  wiping = state.view === "compare" && Math.abs(event.offsetX - state.x - WIDTH * state.zoom * state.wipe) < 24;
  if (pointers.size === 1) travelled = 0;
  pressed = event.target.closest(".sheet");
};
stage.onpointermove = (event) => {
  const last = pointers.get(event.pointerId), box = stage.getBoundingClientRect();
  if (!last) return;
  const [x, y] = [event.clientX - last.clientX, event.clientY - last.clientY];
  const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
  travelled += Math.abs(x) + Math.abs(y);
  pointers.set(event.pointerId, event);
  if (other) {
    const apart = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY) || 1;
    zoomTo((state.zoom * apart(event)) / apart(last), (event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top);
    if (state.view !== "explode") Object.assign(state, { x: state.x + x / 2, y: state.y + y / 2 });
  } else if (wiping) setWipe((event.clientX - box.left - state.x) / (WIDTH * state.zoom));
  else shift(x, y);
};
stage.onpointerup = stage.onpointercancel = (event) => {
  if (!pointers.delete(event.pointerId)) return;
  stage.classList.toggle("dragging", pointers.size > 0);
  const box = stage.getBoundingClientRect();
  const index = state.view === "explode" ? Number(pressed?.dataset.index ?? -1) : layerAt(event.clientX - box.left, event.clientY - box.top);
  if (travelled < 4 && index >= 0 && !wiping) select(index);
  requestAnimationFrame(settle);
};
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = stage.getBoundingClientRect(), step = event.deltaMode ? 30 : 1;
  zoomTo(state.zoom * Math.exp(-event.deltaY * step * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });
function setWipe(share) {
  $("wipe").value = state.wipe = Math.min(1, Math.max(0, share));
  redraw(false);
}

const keys = {
  ArrowUp: () => select(state.selected + 1, true), ArrowDown: () => select(state.selected - 1, true),
  " ": () => layers[state.selected]?.row.querySelector(".eye").click(),
  s: () => layers.length && soloOnly(state.selected), e: () => view("explode"), p: () => view("parallax"), b: () => view("compare"),
  o: () => hold(true), n: () => $("blending").click(), 0: fit, 1: () => $("one").click(),
  "+": () => zoomTo(state.zoom * 1.25), "=": () => zoomTo(state.zoom * 1.25), "-": () => zoomTo(state.zoom / 1.25),
  "[": () => setOpacity(layers[state.selected]?.opacity - 0.1), "]": () => setOpacity(layers[state.selected]?.opacity + 0.1),
  g: () => { const names = Object.keys(PAPERS); setPaper(names[(names.indexOf(paper()) + 1) % names.length]); },
  "?": () => $("keys").showModal(),
  Escape: () => (soloed() ? soloOnly(state.solo, false) : state.view === "picture" || view(state.view)),
};
const ARROWS = { ArrowLeft: [-20, 0], ArrowRight: [20, 0], ArrowUp: [0, -20], ArrowDown: [0, 20] };
onkeydown = (event) => {
  const { key, target } = event, held = event.ctrlKey || event.metaKey || event.altKey;
  if (held || $("keys").open) return;
  if (target.matches("input") && (key.startsWith("Arrow") || key === " ")) return;
  if (target.id === "hold" && [" ", "Enter"].includes(key)) return hold(true);
  if (key === " " && target.matches("button:not(.pick)")) return;
  if (event.shiftKey && ARROWS[key]) {
    shift(...ARROWS[key]);
  } else if (state.view === "compare" && ["ArrowLeft", "ArrowRight"].includes(key)) {
    setWipe(state.wipe + ARROWS[key][0] / 1000);
  } else {
    const action = keys[key] ?? keys[key.toLowerCase()];
    if (!action || (event.repeat && key.length === 1 && !"+-=[]".includes(key))) return;
    action();
  }
  event.preventDefault();
};
onkeyup = (event) => {
  if (["o", "O", " ", "Enter"].includes(event.key)) hold(false);
  if (event.key === "Shift") settle();
};
onblur = () => hold(false);
$("hold").onpointerdown = () => hold(true);
$("hold").oncontextmenu = (event) => event.preventDefault();
onpointerup = () => hold(false);
for (const button of document.querySelectorAll(".views button")) button.onclick = () => view(button.value);
for (const button of document.querySelectorAll(".paper")) button.onclick = () => setPaper(button.value);
$("opacity").oninput = (event) => setOpacity(event.target.value / 100);
$("spread").oninput = (event) => { state.spread = Number(event.target.value); stage.classList.add("dragging"); spreadSheets(); };
$("spread").onchange = () => stage.classList.remove("dragging");
$("wipe").oninput = (event) => setWipe(Number(event.target.value));
$("all").onclick = () => soloOnly(state.solo, false);
$("blending").onclick = () => { state.blending = !state.blending; refresh(); };
$("reset").onclick = () => { layers.forEach((layer, index) => Object.assign(layer, first[index])); Object.assign(state, start()); refresh(); };
$("in").onclick = () => zoomTo(state.zoom * 1.25);
$("out").onclick = () => zoomTo(state.zoom / 1.25);
$("fit").onclick = fit;
$("one").onclick = () => (state.view === "explode" ? fit() : zoomTo(1 / devicePixelRatio));
$("help").onclick = () => $("keys").showModal();
new ResizeObserver(() => (state.fitted ? fit() : (redraw(false), spreadSheets()))).observe(stage);

function facts() {
  const made = data.provenance ?? {}, exact = data.error === 0;
  if (data.error !== null) $("error").textContent = exact ? "✓ flattens to the input exactly" : `max error ${data.error} of 255`;
  $("error").classList.toggle("exact", exact);
  const lines = {
    Canvas: `${data.width} × ${data.height} px, ${layers.length} layers`,
    "Made by": made.mode && [made.mode, `${made.model} ${made.version}`, made.revision, `seed ${made.seed}`].filter(Boolean).join(" · "),
    Source: made.source_sha256 && `SHA-256 ${made.source_sha256.slice(0, 16)}…`,
    Shown: data.factor > 1 && `at 1/${data.factor} size, to keep this page light; the error is that of the full size`,
  };
  for (const [term, text] of Object.entries(lines)) if (text) $("facts").append(element("dt", { textContent: term }), element("dd", { textContent: text }));
  document.querySelector('.views [value="compare"]').hidden = !data.source;
}
async function load(entry) {
  if (!entry?.src) return;
  const image = element("img", { src: entry.src, alt: "", draggable: false });
  await image.decode();
  entry.image = image;
}
Promise.all([...layers, data.source].map(load)).then(() => {
  makeList();
  facts();
  $("spread").value = state.spread;
  $("wipe").value = state.wipe;
  refresh();
  fit();
  document.body.dataset.ready = "true";
}, () => { $("note").textContent = "A picture in this file cannot be read."; });
