// Puts the page together once its data is unpacked, and again when its width or its colours change.

async function main() {
  const opened = performance.now();
  const page = document.documentElement;
  wireCopy();
  if (typeof DecompressionStream === "undefined") {
    complain("This browser is too old to draw the pictures (it lacks DecompressionStream). The verdicts above and the tables below are complete.");
    return;
  }
  const data = await unpack(document.getElementById("data").textContent);
  document.getElementById("pictures").hidden = false;
  const view = makeView(data.endSeconds);
  view.moment = firstMoment(data);
  const parts = [makeCluster(data, view), makeCharts(data, view), makeLanes(data, view)];
  wireBar(data, view);

  function build() {
    forgetColours();
    parts.forEach((part) => part.build());
    drawStories(data, view);
    view.point(view.moment);
  }
  build();
  page.dataset.openMillis = Math.round(performance.now() - opened);

  let width = window.innerWidth;
  let isWaiting = false;
  window.addEventListener("resize", () => {
    if (isWaiting || window.innerWidth === width) return;
    isWaiting = true;
    setTimeout(() => {
      isWaiting = false;
      width = window.innerWidth;
      build();
    }, 120);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  // Paper is white.
  window.addEventListener("beforeprint", () => { page.dataset.theme = "light"; build(); });
  window.addEventListener("afterprint", () => { delete page.dataset.theme; build(); });
  page.dataset.ready = "true";
}

// The middle of the first fault: the moment that a person wants to see first.
function firstMoment(data) {
  const band = data.bands[0];
  return band ? (band.verified + band.end) / 2000 : 0;
}

function wireBar(data, view) {
  const zooms = document.getElementById("zooms");
  const end = view.full.max;
  const places = [["The whole run", view.full.min, view.full.max]];
  if (data.bands.length > 0) {
    const from = Math.min(...data.bands.map((band) => band.start)) / 1000;
    const to = Math.max(...data.bands.map((band) => band.end)) / 1000;
    const margin = (to - from) * 0.08;
    places.push([data.bands.length === 1 ? "The fault" : "The faults", from - margin, to + margin]);
    if (end - to > 0.5) places.push(["After the heal", to - margin, Math.min(end, to + (to - from) * 0.6)]);
  }
  const pinned = data.runs.flatMap((run) => run.pins.flatMap((pin) => pin.ops.map((i) => [run.begin[i], run.begin[i] + Math.max(0, run.wait[i])])));
  if (pinned.length > 0) {
    const from = Math.min(...pinned.map((times) => times[0]));
    const to = Math.max(...pinned.map((times) => times[1]));
    const margin = Math.max(0.02, (to - from) * 0.2);
    places.push(["The violation", from - margin, to + margin]);
  }
  for (const [label, min, max] of places) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => view.set(min, max));
    zooms.append(button);
  }
  document.getElementById("closer").addEventListener("click", () => view.zoom(0.6, inside(view)));
  document.getElementById("wider").addEventListener("click", () => view.zoom(1 / 0.6));
  const range = document.getElementById("range");
  const show = () => { range.textContent = view.min.toFixed(2) + " s to " + view.max.toFixed(2) + " s"; };
  view.onRange.push(show);
  show();
}

function inside(view) {
  return view.moment > view.min && view.moment < view.max ? view.moment : undefined;
}

function wireCopy() {
  const button = document.getElementById("copy");
  const field = document.getElementById("replay");
  button.addEventListener("click", () => {
    field.select();
    document.execCommand("copy");
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

function complain(text) {
  const problem = document.getElementById("problem");
  problem.textContent = text;
  problem.hidden = false;
}

main().catch((error) => {
  complain("The pictures cannot be drawn: " + error.message + ". The verdicts and tables are complete.");
  throw error;
});
