// The network at one moment, and who led over the whole run.

const SVG = "http://www.w3.org/2000/svg";
const STRIP_ROW = 26;
const STRIP_LEFT = 44;

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const key of Object.keys(attributes)) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  return element;
}

function makeCluster(data, view) {
  const canvas = document.getElementById("leaders");
  const scrub = document.getElementById("scrub");
  scrub.max = view.full.max.toFixed(2);

  // What was seen last at this moment; without samples what the faults say.
  function at(seconds) {
    const after = lowerBound(data.samples, seconds * 1000 + 0.001, (sample) => sample.at);
    const sample = data.samples[Math.max(0, after - 1)];
    if (sample) return sample;
    const cut = new Set();
    for (const band of data.bands) {
      if (band.start <= seconds * 1000 && seconds * 1000 < band.end) band.cut.forEach((link) => cut.add(link));
    }
    return { nodes: data.nodes.map(() => ["", 0, ""]), cut: [...cut] };
  }

  function show() {
    const now = at(view.moment);
    drawTopology(data.nodes, now);
    document.getElementById("moment").textContent = sentence(data, view.moment, now);
    if (document.activeElement !== scrub) scrub.value = view.moment;
    scrub.setAttribute("aria-valuetext", view.moment.toFixed(1) + " seconds");
    draw();
  }

  function draw() {
    const width = canvas.clientWidth || 600;
    const height = data.nodes.length * STRIP_ROW + 24;
    const pen = sizeCanvas(canvas, width, height);
    const right = width - 8;
    const xOf = (seconds) => STRIP_LEFT + ((seconds - view.min) / (view.max - view.min)) * (right - STRIP_LEFT);
    drawBands(pen, data.bands, xOf, STRIP_LEFT, right, 0, height - 22);
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    data.nodes.forEach((node, row) => {
      pen.fillStyle = colour("--ink");
      pen.textAlign = "right";
      pen.fillText(node, STRIP_LEFT - 8, row * STRIP_ROW + STRIP_ROW / 2);
    });
    pen.save();
    pen.beginPath();
    pen.rect(STRIP_LEFT, 0, right - STRIP_LEFT, height);
    pen.clip();
    data.nodes.forEach((node, row) => drawNode(pen, data, row, xOf, view));
    pen.restore();
    pen.fillStyle = colour("--faint");
    pen.textAlign = "center";
    labelTicks(pen, ticks(view.min, view.max, (right - STRIP_LEFT) / 90), xOf, width, height - 9);
    const x = xOf(view.moment);
    if (x >= STRIP_LEFT && x <= right) {
      pen.fillStyle = colour("--focus");
      pen.fillRect(x - 1, 0, 2, height - 20);
    }
  }

  function secondsAt(event) {
    const left = event.clientX - canvas.getBoundingClientRect().left;
    const share = (left - STRIP_LEFT) / (canvas.clientWidth - 8 - STRIP_LEFT);
    return view.min + Math.min(1, Math.max(0, share)) * (view.max - view.min);
  }

  canvas.addEventListener("pointermove", (event) => view.point(secondsAt(event)));
  canvas.addEventListener("pointerdown", (event) => view.point(secondsAt(event)));
  handleWheel(view, canvas, secondsAt);
  scrub.addEventListener("input", () => view.point(Number(scrub.value)));
  view.onRange.push(draw);
  view.onMoment.push(show);
  return { build: show };
}

// One row of the strip: thick while the node leads, thin while it follows, dotted while it is gone.
// The words come last, so that no line runs through them, and only where what is shown has room.
function drawNode(pen, data, row, xOf, view) {
  const y = row * STRIP_ROW + STRIP_ROW / 2;
  const words = [];
  for (let i = 0; i < data.samples.length; i = next(data, row, i)) {
    const from = i === 0 ? 0 : data.samples[i].at / 1000;
    const end = next(data, row, i);
    const to = end < data.samples.length ? data.samples[end].at / 1000 : view.full.max;
    const [role, term] = data.samples[i].nodes[row];
    const left = xOf(from);
    const right = xOf(to);
    if (right < xOf(view.min) || left > xOf(view.max)) continue;
    const shown = { from: Math.max(left, xOf(view.min)), to: Math.min(right, xOf(view.max)) };
    pen.setLineDash([]);
    if (role === "leader") {
      pen.fillStyle = colour("--majority");
      pen.fillRect(left, y - 9, Math.max(2, right - left - 1), 18);
      words.push({ ...shown, says: ["leads, term " + term, "term " + term], ink: "--card", paper: "--majority" });
    } else {
      const isFollowing = role === "follower" || role === "learner";
      pen.strokeStyle = colour(isFollowing ? "--all" : role === "candidate" ? "--unknown" : "--failed");
      pen.lineWidth = role === "candidate" ? 6 : 2;
      pen.setLineDash(isFollowing ? [] : role === "candidate" ? [3, 3] : [1, 4]);
      pen.beginPath();
      pen.moveTo(left, y);
      pen.lineTo(right, y);
      pen.stroke();
      if (!isFollowing) words.push({ ...shown, says: [role], ink: "--ink", paper: "--card" });
    }
  }
  pen.setLineDash([]);
  words.forEach((word) => drawWord(pen, word, y));
}

// The longest of the words that fits between two places of a row, on paper of its own.
function drawWord(pen, { from, to, says, ink, paper }, y) {
  const text = says.find((each) => pen.measureText(each).width + 14 <= to - from);
  if (text === undefined) return;
  pen.fillStyle = colour(paper);
  pen.fillRect(from + 3, y - 8, pen.measureText(text).width + 8, 16);
  pen.fillStyle = colour(ink);
  pen.textAlign = "left";
  pen.fillText(text, from + 7, y + 0.5);
}

// The first later sample in which this node says something else.
function next(data, row, i) {
  const said = JSON.stringify(data.samples[i].nodes[row].slice(0, 2));
  let at = i + 1;
  while (at < data.samples.length && JSON.stringify(data.samples[at].nodes[row].slice(0, 2)) === said) at++;
  return at;
}

function sentence(data, seconds, now) {
  const leaders = data.nodes
    .map((node, i) => ({ node, role: now.nodes[i][0], term: now.nodes[i][1] }))
    .filter((each) => each.role === "leader");
  const led = leaders.map((each) => each.node + " believes to lead in term " + each.term).join(", ");
  const gone = data.nodes.filter((node, i) => !["leader", "follower", "candidate", "learner", ""].includes(now.nodes[i][0]));
  const parts = ["At " + seconds.toFixed(2) + " s"];
  parts.push(leaders.length === 1 ? leaders[0].node + " leads in term " + leaders[0].term : led || (data.samples.length ? "nobody leads" : "nobody looked who led"));
  parts.push(now.cut.length === 0 ? "every link carries" : "cut: " + cutInWords(now.cut));
  if (gone.length > 0) parts.push(gone.map((node) => node + " " + now.nodes[data.nodes.indexOf(node)][0]).join(", "));
  return parts[0] + ": " + parts.slice(1).join("; ") + ".";
}

function cutInWords(cut) {
  const all = new Set(cut);
  const words = [];
  for (const link of cut) {
    const [from, to] = link.split(">");
    if (!all.has(to + ">" + from)) words.push(from + " to " + to + " (one way)");
    else if (cut.indexOf(link) < cut.indexOf(to + ">" + from)) words.push(from + "–" + to);
  }
  return words.join(", ");
}

function drawTopology(nodes, now) {
  const picture = document.getElementById("topology");
  picture.replaceChildren();
  const places = nodes.map((node, i) => {
    const angle = -Math.PI / 2 + (2 * Math.PI * i) / nodes.length;
    return { x: 150 + 98 * Math.cos(angle), y: (nodes.length === 3 ? 128 : 112) + 82 * Math.sin(angle) };
  });
  const cut = new Set(now.cut);
  for (let a = 0; a < nodes.length; a++) {
    for (let b = a + 1; b < nodes.length; b++) {
      drawLink(picture, places[a], places[b], cut.has(nodes[a] + ">" + nodes[b]), cut.has(nodes[b] + ">" + nodes[a]));
    }
  }
  nodes.forEach((node, i) => {
    const role = now.nodes[i][0];
    const isGone = !["leader", "follower", "candidate", "learner", ""].includes(role);
    const { x, y } = places[i];
    if (role === "leader") picture.append(svg("circle", { cx: x, cy: y, r: 25, class: "node", "stroke-width": 1 }));
    picture.append(svg("circle", { cx: x, cy: y, r: 20, class: "node" + (role === "leader" ? " leader" : "") + (isGone ? " gone" : "") }));
    picture.append(svg("text", { x, y: y + 4 }, node));
    // Beside the node on top, whose links leave downwards; below all others.
    const isTop = y < 60 && Math.abs(x - 150) < 10;
    const below = isTop ? y + 4 : y + (role === "leader" ? 40 : 35);
    const label = { x: isTop ? x + 34 : x, y: below, class: "role", style: isTop ? "text-anchor: start" : "" };
    if (role) picture.append(svg("text", label, role === "leader" ? "leader, term " + now.nodes[i][1] : role));
  });
}

function drawLink(picture, from, to, isCut, isCutBack) {
  const both = isCut && isCutBack;
  const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
  picture.append(svg("line", { ...ends, class: isCut || isCutBack ? "cut" : "link" }));
  if (!isCut && !isCutBack) return;
  const share = both ? 0.5 : isCut ? 0.62 : 0.38;
  const x = from.x + (to.x - from.x) * share;
  const y = from.y + (to.y - from.y) * share;
  picture.append(svg("circle", { cx: x, cy: y, r: 9, class: "crossback" }));
  picture.append(svg("path", { d: `M${x - 6} ${y - 6}l12 12M${x + 6} ${y - 6}l-12 12`, class: "cross" }));
  if (both) return;
  // The way that still carries, as an arrow head.
  const open = isCut ? { tip: from, tail: to } : { tip: to, tail: from };
  const angle = Math.atan2(open.tip.y - open.tail.y, open.tip.x - open.tail.x);
  const tip = { x: open.tip.x - 24 * Math.cos(angle), y: open.tip.y - 24 * Math.sin(angle) };
  const corner = (turn) => `${tip.x - 12 * Math.cos(angle + turn)},${tip.y - 12 * Math.sin(angle + turn)}`;
  picture.append(svg("polygon", { points: `${tip.x},${tip.y} ${corner(0.45)} ${corner(-0.45)}`, class: "arrow" }));
}
