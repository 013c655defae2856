// One row a client. Few operations are drawn one by one, many on the same spot as a bar: at the most
// a handful of marks for each few pixels of a row, whatever the number of operations.

const LANES_LEFT = 92;
const LANE_HEADING = 20;
const CELL = 5;
const MARKS_PER_CELL = 3;

function makeLanes(data, view) {
  const pictures = [];

  function build() {
    const pair = document.querySelector("#lanes .pair");
    pair.replaceChildren();
    pictures.length = 0;
    for (const run of data.runs) pictures.push(makeLanePicture(data, view, run, pair));
    update();
  }

  function update() {
    pictures.forEach((picture) => picture.draw());
  }

  view.onRange.push(update);
  view.onMoment.push(update);
  return { build };
}

function makeLanePicture(data, view, run, pair) {
  const box = document.createElement("div");
  const heading = document.createElement("h3");
  heading.textContent = runName(run);
  const canvas = document.createElement("canvas");
  canvas.className = "lanes";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", run.lanes.length + " clients of " + runName(run) + ", " + run.count + " operations. Arrow keys go from one to the next.");
  canvas.dataset.lanes = run.lanes.length;
  canvas.dataset.operations = run.count;
  box.append(heading, canvas);
  pair.append(box);
  const width = Math.max(240, box.clientWidth);
  const laneHeight = run.lanes.length <= 12 ? 27 : run.lanes.length <= 30 ? 18 : 13;
  const rows = placeRows(run, laneHeight);
  const height = rows.height + 22;
  const right = width - 8;
  const pinned = pinsOf(run);
  let chosen = -1;
  let dragFrom = null;
  let dragTo = null;

  const xOf = (seconds) => LANES_LEFT + ((seconds - view.min) / (view.max - view.min)) * (right - LANES_LEFT);
  const secondsOf = (x) => view.min + ((x - LANES_LEFT) / (right - LANES_LEFT)) * (view.max - view.min);

  function draw() {
    const pen = sizeCanvas(canvas, width, height);
    drawBands(pen, data.bands, xOf, LANES_LEFT, right, 0, rows.height);
    drawRows(pen, run, rows, laneHeight, right);
    pen.save();
    pen.beginPath();
    pen.rect(LANES_LEFT, 0, right - LANES_LEFT, height);
    pen.clip();
    let marks = 0;
    run.lanes.forEach((lane, i) => {
      marks += drawLane(pen, run, lane, rows.tops[i], laneHeight, view, xOf, right);
    });
    canvas.dataset.marks = marks;
    for (const [i, number] of pinned) drawPin(pen, run, i, number, rows, laneHeight, xOf);
    if (chosen >= 0) drawChosen(pen, run, chosen, rows, laneHeight, xOf);
    if (dragFrom !== null && dragTo !== null) {
      pen.fillStyle = colour("--band");
      pen.fillRect(Math.min(dragFrom, dragTo), 0, Math.abs(dragTo - dragFrom), rows.height);
    }
    pen.fillStyle = colour("--focus");
    pen.globalAlpha = 0.7;
    pen.fillRect(xOf(view.moment) - 0.5, 0, 1, rows.height);
    pen.globalAlpha = 1;
    pen.restore();
    pen.fillStyle = colour("--faint");
    pen.font = "11.5px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    labelTicks(pen, ticks(view.min, view.max, (right - LANES_LEFT) / 90), xOf, width, height - 9);
  }

  function laneAt(y) {
    const at = rows.tops.findIndex((top) => y >= top && y < top + laneHeight);
    return at;
  }

  function nearest(x, y) {
    const lane = laneAt(y);
    if (lane < 0 || x < LANES_LEFT) return -1;
    const ops = run.lanes[lane].ops;
    const seconds = secondsOf(x);
    const after = lowerBound(ops, seconds, (i) => run.begin[i]);
    let best = -1;
    for (const at of [after - 1, after]) {
      if (at < 0 || at >= ops.length) continue;
      if (best < 0 || Math.abs(run.begin[ops[at]] - seconds) < Math.abs(run.begin[best] - seconds)) best = ops[at];
    }
    return best >= 0 && Math.abs(xOf(run.begin[best]) - x) <= 14 ? best : -1;
  }

  function choose(i) {
    chosen = i;
    if (i >= 0) tell(run, i);
  }

  canvas.addEventListener("pointerdown", (event) => {
    dragFrom = Math.max(LANES_LEFT, event.offsetX);
    dragTo = null;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (dragFrom !== null) dragTo = Math.max(LANES_LEFT, event.offsetX);
    choose(nearest(event.offsetX, event.offsetY));
    view.point(secondsOf(Math.max(LANES_LEFT, event.offsetX)));
  });
  canvas.addEventListener("pointerup", () => {
    const from = dragFrom;
    const to = dragTo;
    dragFrom = null;
    dragTo = null;
    if (from !== null && to !== null && Math.abs(to - from) > 4) view.set(secondsOf(Math.min(from, to)), secondsOf(Math.max(from, to)));
    else draw();
  });
  canvas.addEventListener("dblclick", () => view.reset());
  handleWheel(view, canvas, (event) => secondsOf(event.offsetX));
  canvas.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow")) {
      handleKey(view, event);
      return;
    }
    event.preventDefault();
    choose(step(run, view, chosen, event.key));
    if (chosen < 0) return;
    if (run.begin[chosen] < view.min || run.begin[chosen] > view.max) {
      const half = (view.max - view.min) / 2;
      view.set(run.begin[chosen] - half, run.begin[chosen] + half);
    }
    view.point(run.begin[chosen]);
  });
  return { draw };
}

// Where each lane lies; a heading above the first lane of each node.
function placeRows(run, laneHeight) {
  const tops = [];
  const headings = [];
  let y = 0;
  let before = null;
  for (const lane of run.lanes) {
    const place = lane.node;
    if (place !== before && place) {
      headings.push({ y: y + LANE_HEADING / 2 + 2, text: "at " + place });
      y += LANE_HEADING;
    }
    before = place;
    tops.push(y);
    y += laneHeight;
  }
  return { tops, headings, height: y + 2 };
}

function drawRows(pen, run, rows, laneHeight, right) {
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  pen.fillStyle = colour("--ink");
  pen.font = "600 12px system-ui, sans-serif";
  for (const heading of rows.headings) pen.fillText(heading.text, 2, heading.y);
  pen.font = (laneHeight < 18 ? "10px" : "12px") + " system-ui, sans-serif";
  pen.fillStyle = colour("--faint");
  pen.textAlign = "right";
  run.lanes.forEach((lane, i) => {
    pen.fillText(lane.label, LANES_LEFT - 8, rows.tops[i] + laneHeight / 2, LANES_LEFT - 10);
    pen.strokeStyle = colour("--grid");
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(LANES_LEFT, rows.tops[i] + laneHeight - 0.5);
    pen.lineTo(right, rows.tops[i] + laneHeight - 0.5);
    pen.stroke();
  });
}

// An outcome has a height of its own in the row: unknown on top, failed in the middle, ok below.
function heightOf(outcome, top, laneHeight) {
  const share = outcome === UNKNOWN ? 0.2 : outcome === FAILED ? 0.5 : 0.8;
  return top + laneHeight * share;
}

const COLOUR_OF = ["--ok", "--failed", "--unknown", "--ok"];

function drawLane(pen, run, lane, top, laneHeight, view, xOf, right) {
  const ops = lane.ops;
  const from = lowerBound(ops, view.min, (i) => run.begin[i]);
  const to = lowerBound(ops, view.max, (i) => run.begin[i]);
  const cells = Math.ceil((right - LANES_LEFT) / CELL);
  if (to - from > cells * 0.8) return drawCells(pen, run, ops, from, to, top, laneHeight, xOf, cells);
  // Operations that began before the picture may still be waiting in it.
  let first = from;
  while (first > 0 && from - first < 200 && run.begin[ops[first - 1]] > view.min - 5) first--;
  for (let k = first; k < to; k++) drawTail(pen, run, ops[k], top, laneHeight, xOf, right);
  for (let k = from; k < to; k++) drawMark(pen, run.outcome[ops[k]], xOf(run.begin[ops[k]]), heightOf(run.outcome[ops[k]], top, laneHeight), laneHeight > 20 ? 4 : 2.6);
  return to - from;
}

function drawTail(pen, run, i, top, laneHeight, xOf, right) {
  const left = xOf(run.begin[i]);
  const end = run.wait[i] < 0 ? right : xOf(run.begin[i] + run.wait[i]);
  if (end - left < 2) return;
  const y = heightOf(run.outcome[i], top, laneHeight);
  pen.strokeStyle = colourCache(COLOUR_OF[run.outcome[i]]);
  pen.globalAlpha = 0.45;
  pen.lineWidth = 2;
  pen.setLineDash(run.outcome[i] === UNKNOWN ? [2, 3] : []);
  pen.beginPath();
  pen.moveTo(left, y);
  pen.lineTo(Math.min(end, right), y);
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

function drawMark(pen, outcome, x, y, r) {
  pen.lineWidth = r > 3 ? 2 : 1.5;
  pen.beginPath();
  if (outcome === OK) {
    pen.fillStyle = colourCache("--ok");
    pen.arc(x, y, r * 0.8, 0, 2 * Math.PI);
    pen.fill();
    return;
  }
  pen.strokeStyle = colourCache(COLOUR_OF[outcome]);
  if (outcome === FAILED) {
    pen.moveTo(x - r * 0.8, y - r * 0.8);
    pen.lineTo(x + r * 0.8, y + r * 0.8);
    pen.moveTo(x + r * 0.8, y - r * 0.8);
    pen.lineTo(x - r * 0.8, y + r * 0.8);
  } else if (outcome === UNKNOWN) {
    pen.moveTo(x, y - r);
    pen.lineTo(x + r, y);
    pen.lineTo(x, y + r);
    pen.lineTo(x - r, y);
    pen.closePath();
  } else {
    pen.arc(x, y, r * 0.75, 0, 2 * Math.PI);
  }
  pen.stroke();
}

// Too many to tell apart: what is left is whether there were any of each outcome here, and how many.
function drawCells(pen, run, ops, from, to, top, laneHeight, xOf, cells) {
  const counts = new Uint32Array(cells * MARKS_PER_CELL);
  let most = 1;
  for (let k = from; k < to; k++) {
    const i = ops[k];
    const cell = Math.min(cells - 1, Math.max(0, Math.floor((xOf(run.begin[i]) - LANES_LEFT) / CELL)));
    const kind = run.outcome[i] === UNKNOWN ? 2 : run.outcome[i] === FAILED ? 1 : 0;
    most = Math.max(most, ++counts[cell * MARKS_PER_CELL + kind]);
  }
  let marks = 0;
  const room = laneHeight * 0.3;
  for (let cell = 0; cell < cells; cell++) {
    for (let kind = 0; kind < MARKS_PER_CELL; kind++) {
      const count = counts[cell * MARKS_PER_CELL + kind];
      if (count === 0) continue;
      marks++;
      const x = LANES_LEFT + cell * CELL;
      const tall = Math.max(2, (room * Math.log2(1 + count)) / Math.log2(1 + most));
      const bottom = heightOf(kind, top, laneHeight) + room / 2;
      pen.fillStyle = colourCache(COLOUR_OF[kind]);
      if (kind === 0) pen.fillRect(x, bottom - tall, CELL - 1, tall);
      if (kind === 1) {
        pen.fillRect(x, bottom - tall, 1.5, tall);
        pen.fillRect(x + 2.5, bottom - tall, 1.5, tall);
      }
      if (kind === 2) {
        pen.strokeStyle = pen.fillStyle;
        pen.lineWidth = 1;
        pen.strokeRect(x + 0.5, bottom - tall + 0.5, CELL - 2, Math.max(1.5, tall - 1));
      }
    }
  }
  return marks;
}

function drawChosen(pen, run, i, rows, laneHeight, xOf) {
  const y = heightOf(run.outcome[i], rows.tops[run.laneOf[i]], laneHeight);
  const left = xOf(run.begin[i]);
  pen.strokeStyle = colour("--focus");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(left, y, 8, 0, 2 * Math.PI);
  if (run.wait[i] > 0) {
    pen.moveTo(left + 8, y);
    pen.lineTo(Math.max(left + 8, xOf(run.begin[i] + run.wait[i])), y);
  }
  pen.stroke();
}

function pinsOf(run) {
  const numbers = new Map();
  for (const pin of run.pins) for (const i of pin.ops) if (!numbers.has(i)) numbers.set(i, numbers.size + 1);
  return numbers;
}

// A pinned operation: a flag with its number, which the story above uses too.
function drawPin(pen, run, i, number, rows, laneHeight, xOf) {
  const x = xOf(run.begin[i]);
  const y = heightOf(run.outcome[i], rows.tops[run.laneOf[i]], laneHeight);
  pen.fillStyle = colour("--ink");
  pen.strokeStyle = colour("--ink");
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, 7, 0, 2 * Math.PI);
  pen.stroke();
  pen.fillRect(x + 7, y - 16, 17, 15);
  pen.fillStyle = colour("--card");
  pen.font = "700 11px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.fillText(String(number), x + 15.5, y - 8);
}

// The operation that an arrow key leads to: along the lane, or in the next lane at the same time.
function step(run, view, chosen, key) {
  if (chosen < 0) {
    const lane = run.lanes.find((each) => each.ops.length > 0);
    return lane ? lane.ops[Math.min(lane.ops.length - 1, lowerBound(lane.ops, view.min, (i) => run.begin[i]))] : -1;
  }
  const number = run.laneOf[chosen];
  const ops = run.lanes[number].ops;
  const at = ops.indexOf(chosen);
  if (key === "ArrowRight") return ops[Math.min(ops.length - 1, at + 1)];
  if (key === "ArrowLeft") return ops[Math.max(0, at - 1)];
  const other = run.lanes[number + (key === "ArrowDown" ? 1 : -1)];
  if (!other || other.ops.length === 0) return chosen;
  return other.ops[Math.min(other.ops.length - 1, lowerBound(other.ops, run.begin[chosen], (i) => run.begin[i]))];
}

function tell(run, i) {
  const words = describe(run, i);
  const line = document.getElementById("operation");
  line.replaceChildren();
  const strong = document.createElement("strong");
  strong.textContent = words.asked + " " + words.came;
  line.append(strong, document.createElement("br"), words.who + ", " + words.when + (words.notes ? " · " + words.notes : ""));
}

let cachedColours = new Map();
function colourCache(name) {
  let value = cachedColours.get(name);
  if (value === undefined) {
    value = colour(name);
    cachedColours.set(name, value);
  }
  return value;
}
function forgetColours() {
  cachedColours = new Map();
}
