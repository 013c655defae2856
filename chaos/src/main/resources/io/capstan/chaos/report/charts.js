// The charts, one of each kind a run, all on the same time axis and, a row, on the same scale.

const CHART_HEIGHT = 150;
const BAND_LABELS_HEIGHT = 18;
const AXIS_WIDTH = 64;
// Half a label of the time axis: the last one is centred below its mark, which may be at the edge.
const LABEL_OVERHANG = 26;
const PIXELS_PER_BUCKET = 6;

const KINDS = {
  availability: {
    values: (found) => found.availability,
    series: (run) => run.sides.map((side) => ({ label: side.label, colour: side.colour, dash: side.dash, width: 2.2, steps: true })),
    range: () => [-0.04, 1.08],
    splits: [0, 0.25, 0.5, 0.75, 1],
    show: (value) => Math.round(value * 1000) / 10 + " %",
  },
  latency: {
    values: (found) => [found.p50, found.p99],
    series: () => [
      { label: "half waited at most", colour: "--p50", dash: [], width: 2 },
      { label: "99 of 100 at most", colour: "--p99", dash: [6, 4], width: 2 },
    ],
    isLog: true,
    show: (value) => millis(value),
  },
  staleness: {
    values: (found) => [found.stale],
    series: () => [{ label: "oldest write missed, age", colour: "--stale", dash: [], width: 1, bars: true }],
    range: (low, high) => [0, Math.max(100, high * 1.15)],
    show: (value) => (value === 0 ? "0" : millis(value)),
  },
  siblings: {
    values: (found) => [found.siblings],
    series: () => [{ label: "keys with siblings", colour: "--sibling", dash: [], width: 2, steps: true, fill: true }],
    range: (low, high) => [0, Math.max(4, high * 1.2)],
    show: (value) => (Number.isInteger(value) ? String(value) : ""),
  },
};

function makeCharts(data, view) {
  const rows = [];
  let measured = [];

  function build() {
    for (const row of rows) row.charts.forEach((chart) => chart.destroy());
    rows.length = 0;
    for (const name of Object.keys(KINDS)) {
      const pair = document.querySelector("#" + name + " .pair");
      pair.replaceChildren();
      const row = { kind: KINDS[name], low: 0, high: 1, charts: [] };
      data.runs.forEach((run, number) => row.charts.push(makeChart(data, view, run, number, row, pair)));
      rows.push(row);
    }
    update();
  }

  function update() {
    measured = data.runs.map((run, number) => {
      const width = rows[0].charts[number].width - AXIS_WIDTH - LABEL_OVERHANG;
      return measure(run, view.min, view.max, Math.max(20, Math.round(width / PIXELS_PER_BUCKET)));
    });
    for (const row of rows) {
      const all = measured.flatMap((found) => row.kind.values(found)).flat().filter((value) => value !== null);
      row.low = all.length ? Math.min(...all) : 0;
      row.high = all.length ? Math.max(...all) : 1;
      row.charts.forEach((chart, number) => {
        chart.batch(() => {
          chart.setData([measured[number].x, ...row.kind.values(measured[number])], false);
          chart.setScale("x", { min: view.min, max: view.max });
        });
      });
    }
  }

  function point(from) {
    for (const row of rows) {
      for (const chart of row.charts) {
        if (chart === from) continue;
        const left = chart.valToPos(view.moment, "x");
        const isShown = view.moment >= view.min && view.moment <= view.max;
        chart.setCursor({ left: isShown ? left : -10, top: isShown ? 10 : -10 }, false, false);
      }
    }
  }

  view.onRange.push(update);
  view.onMoment.push(point);
  return { build };
}

function makeChart(data, view, run, number, row, pair) {
  const kind = row.kind;
  const box = document.createElement("div");
  box.tabIndex = 0;
  const heading = document.createElement("h3");
  heading.textContent = runName(run);
  box.append(heading);
  pair.append(box);
  const font = "11.5px system-ui, sans-serif";
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid"), width: 1 }, font };
  const chart = new uPlot({
    width: Math.max(240, box.clientWidth),
    height: CHART_HEIGHT,
    padding: [kind === KINDS.availability && data.bands.length > 0 ? BAND_LABELS_HEIGHT : 8, LABEL_OVERHANG, 0, 0],
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => () => { view.reset(); return null; } },
    },
    scales: {
      x: { time: false, auto: false, min: view.min, max: view.max },
      y: kind.isLog
        ? { distr: 3, range: () => [Math.pow(10, Math.floor(Math.log10(row.low))), Math.pow(10, Math.ceil(Math.log10(row.high + 1e-9)))] }
        : { range: () => kind.range(row.low, row.high) },
    },
    axes: [
      { ...axis, size: 26, space: 60, values: (u, splits) => splits.map((at) => Math.round(at * 1e6) / 1e6 + " s") },
      {
        ...axis, size: AXIS_WIDTH, space: 26,
        splits: kind.splits ? () => kind.splits : undefined,
        values: (u, splits) => splits.map((value) => (value === null || (kind.isLog && !isPowerOfTen(value)) ? "" : kind.show(value))),
      },
    ],
    series: [
      { label: "at", value: (u, value) => (value === null ? "–" : value.toFixed(2) + " s") },
      ...kind.series(run).map((series) => ({
        label: series.label,
        stroke: colour(series.colour),
        width: series.width,
        dash: series.dash,
        fill: series.bars || series.fill ? colour(series.colour) + "55" : undefined,
        paths: series.bars ? uPlot.paths.bars({ size: [0.9, 14], align: 1 }) : series.steps ? uPlot.paths.stepped({ align: 1 }) : undefined,
        points: { show: false },
        spanGaps: false,
        value: (u, value) => (value === null || value === undefined ? "–" : kind.show(value)),
      })),
    ],
    hooks: {
      drawClear: [(u) => {
        const ratio = uPlot.pxRatio;
        u.ctx.save();
        drawBands(u.ctx, data.bands, (seconds) => u.valToPos(seconds, "x", true), u.bbox.left, u.bbox.left + u.bbox.width, u.bbox.top, u.bbox.top + u.bbox.height);
        if (kind === KINDS.availability) labelBands(u, data.bands, ratio);
        u.ctx.restore();
      }],
      setSelect: [(u) => {
        if (u.select.width < 3) return;
        view.set(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
      setCursor: [(u) => {
        if (u.cursor.left >= 0) view.point(u.posToVal(u.cursor.left, "x"), u);
      }],
    },
  }, [[view.min], ...kind.series(run).map(() => [null])], box);
  chart.over.parentElement.setAttribute("role", "img");
  chart.over.parentElement.setAttribute("aria-label", pair.parentElement.querySelector("h2").textContent + ", " + runName(run));
  box.addEventListener("keydown", (event) => handleKey(view, event));
  handleWheel(view, chart.over, (event) => chart.posToVal(event.offsetX, "x"));
  return chart;
}

// Above the plot, where no line runs.
function labelBands(u, bands, ratio) {
  u.ctx.fillStyle = colour("--failed");
  u.ctx.font = 11.5 * ratio + "px system-ui, sans-serif";
  u.ctx.textBaseline = "middle";
  u.ctx.textAlign = "left";
  let free = 0;
  for (const band of bands) {
    const from = Math.max(u.bbox.left, u.valToPos(band.start / 1000, "x", true));
    const to = u.valToPos(band.end / 1000, "x", true);
    if (to <= u.bbox.left || from >= u.bbox.left + u.bbox.width || from < free) continue;
    const text = band.name + " " + band.detail;
    const room = u.bbox.left + u.bbox.width - from - 6 * ratio;
    const shown = u.ctx.measureText(text).width <= room ? text : band.name;
    u.ctx.fillText(shown, from, u.bbox.top - (BAND_LABELS_HEIGHT / 2) * ratio);
    free = from + u.ctx.measureText(shown).width + 12 * ratio;
  }
}

function isPowerOfTen(value) {
  const log = Math.log10(value);
  return Math.abs(log - Math.round(log)) < 1e-6;
}

function runName(run) {
  return run.mode.toUpperCase() + " " + run.keyspace;
}
