// The part of the time axis that every picture shows, and the moment that is pointed at.

const SHORTEST_SECONDS = 0.002;

function makeView(endSeconds) {
  const full = { min: 0, max: endSeconds * 1.01 };
  const view = { min: full.min, max: full.max, full, moment: 0, onRange: [], onMoment: [] };
  let isQueued = false;

  view.set = (min, max) => {
    const length = Math.min(full.max - full.min, Math.max(SHORTEST_SECONDS, max - min));
    view.min = Math.min(Math.max(full.min, min), full.max - length);
    view.max = view.min + length;
    if (isQueued) return;
    isQueued = true;
    requestAnimationFrame(() => {
      isQueued = false;
      view.onRange.forEach((listener) => listener());
    });
  };
  view.reset = () => view.set(full.min, full.max);
  view.zoom = (factor, around) => {
    const centre = around === undefined ? (view.min + view.max) / 2 : around;
    view.set(centre - (centre - view.min) * factor, centre + (view.max - centre) * factor);
  };
  view.move = (share) => {
    const by = (view.max - view.min) * share;
    view.set(view.min + by, view.max + by);
  };
  view.point = (seconds, from) => {
    view.moment = Math.min(Math.max(full.min, seconds), full.max);
    view.onMoment.forEach((listener) => listener(from));
  };
  return view;
}

// Keys that mean the same in every picture; returns whether the key was one of them.
function handleKey(view, event) {
  switch (event.key) {
    case "+": case "=": view.zoom(0.6); break;
    case "-": view.zoom(1 / 0.6); break;
    case "0": view.reset(); break;
    case "ArrowLeft": view.move(-0.1); break;
    case "ArrowRight": view.move(0.1); break;
    default: return false;
  }
  event.preventDefault();
  return true;
}

function handleWheel(view, element, secondsAt) {
  element.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    view.zoom(event.deltaY > 0 ? 1.25 : 0.8, secondsAt(event));
  }, { passive: false });
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// A canvas at the resolution of the screen; drawing is in CSS pixels.
function sizeCanvas(canvas, width, height) {
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = height + "px";
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// The faults as shaded bands, hatched so that they show without colour too.
function drawBands(pen, bands, xOf, left, right, top, bottom) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.clip();
  for (const band of bands) {
    const from = xOf(band.start / 1000);
    const verified = xOf(band.verified / 1000);
    const to = xOf(band.end / 1000);
    if (to < left || from > right) continue;
    pen.fillStyle = colour("--band");
    pen.fillRect(from, top, to - from, bottom - top);
    pen.strokeStyle = colour("--band-line");
    pen.lineWidth = 1;
    for (const [x, dash] of [[from, [2, 3]], [verified, []], [to, []]]) {
      pen.setLineDash(dash);
      pen.beginPath();
      pen.moveTo(Math.round(x) + 0.5, top);
      pen.lineTo(Math.round(x) + 0.5, bottom);
      pen.stroke();
    }
  }
  pen.restore();
}

// Times for the marks of an axis: about so many, at round numbers.
function ticks(min, max, about) {
  const rough = (max - min) / Math.max(1, about);
  const power = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) || rough;
  const found = [];
  for (let at = Math.ceil(min / step) * step; at <= max; at += step) found.push(at);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return found.map((at) => ({ at, label: at.toFixed(digits) + " s" }));
}

// Writes them below a picture; one at the right edge moves inwards rather than lose its end.
function labelTicks(pen, found, xOf, right, y) {
  for (const tick of found) {
    const half = pen.measureText(tick.label).width / 2;
    pen.fillText(tick.label, Math.min(xOf(tick.at), right - half), y);
  }
}
