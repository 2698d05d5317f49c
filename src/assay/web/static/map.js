// The map's points, drawn by WebGL2. Without it, or without script, the page shows a picture and a list.
const map = document.getElementById("map");
const canvas = map?.querySelector("canvas");
const gl = canvas?.getContext("webgl2", { antialias: false, alpha: false, preserveDrawingBuffer: true });
const WIDTH = 860, HEIGHT = 640, SIDE = 65535, CORNERS = 120, FRAME = 30;

const VERTEX = `#version 300 es
in float x; in float y; in uint code;
uniform vec4 view; uniform float size; uniform vec3 palette[8];
out vec3 colour; out float weight;
void main() {
  vec2 place = (vec2(x, y) - view.xy) * view.zw;
  gl_Position = vec4(place * 2.0 - 1.0, 0.0, 1.0);
  gl_PointSize = size;
  colour = palette[code];
  weight = code == 7u ? 0.5 : 1.0;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
in vec3 colour; in float weight; uniform float strength; uniform float round; out vec4 shown;
void main() {
  if (round > 0.5 && length(gl_PointCoord - 0.5) > 0.5) discard;
  shown = vec4(colour, strength * weight);
}`;

function program() {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  return made;
}

function attribute(made, name, data, kind, whole) {
  const at = gl.getAttribLocation(made, name);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
  gl.enableVertexAttribArray(at);
  if (whole) gl.vertexAttribIPointer(at, 1, kind, 0, 0);
  else gl.vertexAttribPointer(at, 1, kind, true, 0, 0);
}

function paint(name) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const hex = parseInt(probe.fillStyle.slice(1), 16);
  return [(hex >> 16) / 255, ((hex >> 8) & 255) / 255, (hex & 255) / 255];
}

async function start() {
  const began = performance.now();
  const answer = await fetch(map.dataset.points);
  if (!answer.ok) return;
  const bytes = await answer.arrayBuffer();
  const count = new DataView(bytes).getUint32(8, true);
  if (new TextDecoder().decode(new Uint8Array(bytes, 0, 8)) !== "assaymap") return;
  const made = program();
  gl.useProgram(made);
  attribute(made, "x", new Uint16Array(bytes, 16, count), gl.UNSIGNED_SHORT, false);
  attribute(made, "y", new Uint16Array(bytes, 16 + 2 * count, count), gl.UNSIGNED_SHORT, false);
  attribute(made, "code", new Uint8Array(bytes, 16 + 4 * count, count), gl.UNSIGNED_BYTE, true);
  map.dataset.fetched = bytes.byteLength;
  map.dataset.loaded = Math.round(performance.now() - began);

  const where = (name) => gl.getUniformLocation(made, name);
  const labels = [...map.querySelectorAll("g.name")];
  const outline = map.querySelector("polygon.lasso");
  // What is in view, as parts of the whole: left, bottom and how much of it.
  const view = { x: 0, y: 0, part: 1 };
  let lasso = [], drawing = false, tool = "pan", held = null, waiting = false, idle = 0, cost = 0;

  function colours() {
    const ground = paint("--surface");
    gl.clearColor(...ground, 1);
    gl.uniform3fv(where("palette"), [1, 2, 3, 4, 5, 6, 7, 8].flatMap((k) => paint(`--c${k}`)));
  }

  // Points are in the order of their ids, which are digests: the first so many are a fair sample of all.
  function draw(many = count) {
    waiting = false;
    const scale = canvas.width / WIDTH;
    const dense = many * view.part * view.part;
    const size = Math.max(1, Math.min(6, 600 / Math.sqrt(dense + 1))) * scale;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.uniform4f(where("view"), view.x, view.y, 1 / view.part, 1 / view.part);
    gl.uniform1f(where("size"), size);
    gl.uniform1f(where("round"), size > 2.5 ? 1 : 0);
    gl.uniform1f(where("strength"), Math.max(0.25, Math.min(0.85, 120000 / (dense + 1))));
    gl.drawArrays(gl.POINTS, 0, many);
    for (const label of labels) {
      const x = (label.dataset.x / WIDTH - view.x) / view.part * WIDTH;
      const y = HEIGHT - (1 - label.dataset.y / HEIGHT - view.y) / view.part * HEIGHT;
      label.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      label.setAttribute("text-anchor", x < 120 ? "start" : x > WIDTH - 120 ? "end" : "middle");
    }
    outline.setAttribute("points", lasso.map(([x, y]) =>
      `${((x / SIDE - view.x) / view.part * WIDTH).toFixed(1)},${(HEIGHT - (y / SIDE - view.y) / view.part * HEIGHT).toFixed(1)}`).join(" "));
  }

  // How long all points take, in milliseconds: it draws, and waits until that is done.
  function timed(many) {
    const from = performance.now();
    draw(many);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    return performance.now() - from;
  }

  // While things move, as many points as a frame has time for; all of them a moment later.
  function later() {
    const many = cost > FRAME ? Math.max(20000, Math.min(count, Math.round(count * FRAME / cost))) : count;
    if (!waiting) requestAnimationFrame(() => draw(Math.min(many, count)));
    waiting = true;
    clearTimeout(idle);
    if (many < count) idle = setTimeout(() => draw(), 200);
  }

  function move(x, y, part) {
    view.part = Math.min(1, Math.max(1 / 400, part));
    view.x = Math.min(1 - view.part, Math.max(0, x));
    view.y = Math.min(1 - view.part, Math.max(0, y));
    later();
  }

  function zoom(by, across = 0.5, up = 0.5) {
    const part = Math.min(1, Math.max(1 / 400, view.part * by));
    move(view.x + (view.part - part) * across, view.y + (view.part - part) * up, part);
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
  }

  function point([across, up]) {
    const whole = (v) => Math.max(0, Math.min(SIDE, Math.round(v * SIDE)));
    return [whole(view.x + across * view.part), whole(view.y + up * view.part)];
  }

  function choose(name) {
    tool = name;
    for (const button of document.querySelectorAll(".tools [aria-pressed]"))
      button.setAttribute("aria-pressed", String(button.dataset.do === name));
    canvas.classList.toggle("drawing", name === "lasso");
  }

  function ask(extra) {
    const address = new URL(location.href);
    for (const name of ["lasso", "cluster"]) address.searchParams.delete(name);
    for (const [name, value] of Object.entries(extra)) address.searchParams.set(name, value);
    history.replaceState(null, "", address);
    if (window.htmx) window.htmx.ajax("GET", address.pathname + address.search, { target: "#selection", swap: "outerHTML" });
    else location.reload();
  }

  function select() {
    const step = Math.max(1, Math.ceil(lasso.length / CORNERS));
    lasso = lasso.filter((_, k) => k % step === 0);
    if (lasso.length < 3) lasso = [];
    else ask({ lasso: lasso.map((one) => one.join(",")).join(";") });
    later();
  }

  const acts = {
    lasso: () => choose("lasso"),
    pan: () => choose("pan"),
    fit: () => move(0, 0, 1),
    view: () => {
      lasso = [[0, 0], [1, 0], [1, 1], [0, 1]].map(point);
      select();
    },
  };
  const keys = {
    l: acts.lasso, h: acts.pan, 0: acts.fit, v: acts.view,
    "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25),
    ArrowLeft: () => move(view.x - view.part / 8, view.y, view.part),
    ArrowRight: () => move(view.x + view.part / 8, view.y, view.part),
    ArrowUp: () => move(view.x, view.y + view.part / 8, view.part),
    ArrowDown: () => move(view.x, view.y - view.part / 8, view.part),
    Escape: () => { lasso = []; later(); },
  };
  canvas.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  for (const button of document.querySelectorAll(".tools [data-do]")) button.addEventListener("click", acts[button.dataset.do]);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-cluster]");
    if (!link || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    lasso = [];
    later();
    for (const row of document.querySelectorAll("tr.sel")) row.classList.remove("sel");
    link.closest("tr").classList.add("sel");
    ask({ cluster: link.dataset.cluster });
  });

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, ...place(event));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    held = place(event);
    if (tool === "lasso" || event.shiftKey) {
      drawing = true;
      lasso = [point(held)];
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    const now = place(event);
    if (drawing) lasso.push(point(now));
    else move(view.x - (now[0] - held[0]) * view.part, view.y - (now[1] - held[1]) * view.part, view.part);
    held = now;
    later();
  });
  for (const kind of ["pointerup", "pointercancel"])
    canvas.addEventListener(kind, () => {
      if (drawing) select();
      held = null;
      drawing = false;
    });

  if (outline.dataset.lasso) lasso = outline.dataset.lasso.split(";").map((one) => one.split(",").map(Number));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { colours(); later(); });
  new ResizeObserver(() => {
    const wide = Math.round(canvas.clientWidth * Math.min(2, devicePixelRatio));
    if (!wide || canvas.width === wide) return;
    canvas.width = wide;
    canvas.height = Math.round(wide * HEIGHT / WIDTH);
    later();
  }).observe(canvas);
  canvas.addEventListener("webglcontextlost", () => { canvas.hidden = true; map.classList.remove("live"); });

  colours();
  canvas.hidden = false;
  map.classList.add("live");
  document.querySelector(".tools").hidden = false;
  draw();
  cost = timed(count);
  map.dataset.first = Math.round(performance.now() - began);
  // For whoever measures: a frame with all points, and one while things move.
  map.addEventListener("measure", () => {
    cost = timed(count);
    map.dataset.frame = cost.toFixed(1);
    map.dataset.moving = timed(Math.min(count, Math.max(20000, Math.round(count * Math.min(1, FRAME / cost))))).toFixed(1);
  });
}

if (gl) start();
