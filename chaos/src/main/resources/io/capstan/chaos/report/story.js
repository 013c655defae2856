// The operations of a violated claim, and nothing else, on a time axis of their own.

const STORY_ROW = 40;
const STORY_LEFT = 110;

function drawStories(data, view) {
  for (const box of document.querySelectorAll(".pinned")) {
    const run = data.runs[Number(box.dataset.run)];
    const pin = run.pins[Number(box.dataset.pin)];
    box.replaceChildren();
    if (pin && pin.ops.length > 0) drawStory(box, run, pin.ops.slice(0, 40), view);
  }
}

function drawStory(box, run, ops, view) {
  const numbers = pinsOf(run);
  const width = Math.max(320, box.clientWidth);
  const processes = [...new Set(ops.map((i) => run.process[i]))];
  const ends = ops.map((i) => run.begin[i] + Math.max(0, run.wait[i]));
  const min = Math.min(...ops.map((i) => run.begin[i]));
  const max = Math.max(...ends);
  const room = Math.max((max - min) * 0.06, 1e-5);
  const right = width - 120;
  const xOf = (seconds) => STORY_LEFT + ((seconds - min + room) / (max - min + 2 * room)) * (right - STORY_LEFT);
  const height = processes.length * STORY_ROW + 26;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": "The operations that show it" });
  processes.forEach((process, row) => {
    const y = row * STORY_ROW + 26;
    picture.append(svg("line", { x1: STORY_LEFT, x2: width, y1: y, y2: y, style: "stroke: var(--grid)" }));
    const own = ops.find((i) => run.process[i] === process);
    const node = run.lanes[run.laneOf[own]].node;
    picture.append(svg("text", { x: 0, y: y + 4, style: "fill: var(--faint); font-size: 12.5px" }, "client " + process + (node ? " at " + node : "")));
  });
  for (const i of ops) {
    const y = processes.indexOf(run.process[i]) * STORY_ROW + 26;
    const words = describe(run, i);
    const from = xOf(run.begin[i]);
    const isOpen = run.wait[i] < 0 || run.outcome[i] === UNKNOWN;
    const to = isOpen ? right : Math.max(from + 4, xOf(run.begin[i] + run.wait[i]));
    const paint = ["--ok", "--failed", "--unknown", "--ok"][run.outcome[i]];
    picture.append(svg("rect", {
      x: from, y: y - 6, width: to - from, height: 12, rx: 4,
      style: `fill: var(${paint}); fill-opacity: ${isOpen ? 0.25 : 0.8}; stroke: var(${paint}); stroke-dasharray: ${isOpen ? "3 3" : "none"}`,
    }));
    const label = numbers.get(i) + "  " + words.asked + " " + words.came;
    const isLate = from > STORY_LEFT + (right - STORY_LEFT) * 0.62;
    picture.append(svg("text", {
      x: isLate ? Math.max(to, from) : from, y: y - 10, "text-anchor": isLate ? "end" : "start",
      style: "fill: var(--ink); font-size: 13px; font-weight: 600",
    }, label.length > 70 ? label.slice(0, 69) + "…" : label));
  }
  for (const [at, anchor] of [[min, "start"], [max, "end"]]) {
    picture.append(svg("text", { x: xOf(at), y: height - 4, "text-anchor": anchor, style: "fill: var(--faint); font-size: 12px" }, at.toFixed(4) + " s"));
  }
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show among all operations";
  button.addEventListener("click", () => {
    const margin = Math.max(0.02, (max - min) * 0.3);
    view.set(min - margin, max + margin);
    view.point(run.begin[ops[ops.length - 1]]);
    document.getElementById("lanes").scrollIntoView();
  });
  box.append(picture, button);
}
