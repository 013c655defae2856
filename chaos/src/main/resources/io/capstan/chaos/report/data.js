// Unpacks what the page carries: base64 of gzip of JSON, operations column by column.

async function unpack(base64) {
  const letters = atob(base64.trim());
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = JSON.parse(await new Response(plain).text());
  for (const run of data.runs) prepare(run);
  data.endSeconds = Math.max(
    1,
    ...data.bands.map((band) => band.end / 1000),
    ...data.runs.map((run) => run.lastSeconds));
  return data;
}

const OK = 0, FAILED = 1, UNKNOWN = 2, ANSWERED_NO = 3;
const OUTCOMES = ["ok", "failed", "unknown", "answered: the comparison was not so"];

// Times become seconds since the start; an operation that never ended has the duration -1.
function prepare(run) {
  const count = (run.t || []).length;
  run.count = count;
  const begin = new Float64Array(count);
  const wait = new Float64Array(count);
  let micros = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    micros += run.t[i];
    begin[i] = micros / 1e6;
    wait[i] = run.d[i] < 0 ? -1 : run.d[i] / 1e6;
    last = Math.max(last, begin[i] + Math.max(0, wait[i]));
  }
  run.begin = begin;
  run.wait = wait;
  run.lastSeconds = last;
  run.outcome = Uint8Array.from(run.o || []);
  run.laneOf = Uint16Array.from(run.lane || []);
  run.lanes = run.lanes.map(([label, node]) => ({ label, node, ops: [] }));
  for (let i = 0; i < count; i++) run.lanes[run.laneOf[i]].ops.push(i);
  for (const lane of run.lanes) lane.ops = Int32Array.from(lane.ops);
  run.staleMillis = new Map();
  for (let i = 0; i < run.stale.length; i += 2) run.staleMillis.set(run.stale[i], run.stale[i + 1]);
  run.valuesOf = new Map();
  for (let i = 0; i < run.siblings.length; i += 2) run.valuesOf.set(run.siblings[i], run.siblings[i + 1]);
  run.sides = sidesOf(run);
  run.siblingSteps = siblingSteps(run);
}

const SIDES = {
  majority: { rank: 0, label: "can reach a majority", colour: "--majority", dash: [] },
  minority: { rank: 1, label: "cannot", colour: "--minority", dash: [6, 4] },
  down: { rank: 2, label: "node is down", colour: "--failed", dash: [2, 3] },
};

// The sides on which clients stood, with the nodes that were ever on them, and for each operation
// the number of its side; one side for all where the history names none.
function sidesOf(run) {
  const nodesBySide = new Map();
  for (let i = 0; i < run.count; i++) {
    const name = run.side[i] < 0 ? "" : run.texts[run.side[i]];
    if (!nodesBySide.has(name)) nodesBySide.set(name, new Set());
    nodesBySide.get(name).add(run.lanes[run.laneOf[i]].node);
  }
  const sides = [...nodesBySide].map(([name, nodes]) => {
    const known = SIDES[name] || { rank: 3, label: name === "" ? "all clients" : name, colour: "--all", dash: [] };
    return { ...known, name, label: known.label + (name === "" ? "" : " (" + [...nodes].sort().join(", ") + ")") };
  });
  sides.sort((a, b) => a.rank - b.rank);
  const numberOf = new Map(sides.map((side, number) => [side.name, number]));
  run.sideOf = Uint8Array.from({ length: run.count }, (unused, i) => numberOf.get(run.side[i] < 0 ? "" : run.texts[run.side[i]]));
  return sides.length > 0 ? sides : [{ name: "", label: "all clients", colour: "--all", dash: [] }];
}

// How many keys held siblings when they were last read: [seconds, keys] at each change.
function siblingSteps(run) {
  const reads = [];
  for (let i = 0; i < run.count; i++) {
    if (run.outcome[i] === OK && run.wait[i] >= 0 && run.texts[run.f[i]] === "read") reads.push(i);
  }
  reads.sort((a, b) => run.begin[a] + run.wait[a] - run.begin[b] - run.wait[b]);
  const several = new Set();
  const steps = [[0, 0]];
  for (const i of reads) {
    if (run.valuesOf.has(i)) several.add(run.key[i]);
    else several.delete(run.key[i]);
    if (steps[steps.length - 1][1] !== several.size) steps.push([run.begin[i] + run.wait[i], several.size]);
  }
  return steps;
}

// One operation in words.
function describe(run, i) {
  const text = (number) => (number < 0 ? "" : run.texts[number]);
  const f = text(run.f[i]);
  const asked = [f, text(run.key[i]), text(run.in[i])].filter((part) => part !== "").join(" ");
  const outcome = run.outcome[i];
  const lane = run.lanes[run.laneOf[i]];
  const came = outcome === OK
    ? (f === "read" ? "→ " + text(run.out[i]) : "→ ok")
    : "→ " + OUTCOMES[outcome] + (outcome !== ANSWERED_NO && run.out[i] >= 0 ? " (" + text(run.out[i]) + ")" : "");
  const wait = run.wait[i] < 0 ? "never answered" : "waited " + millis(run.wait[i] * 1000);
  const notes = [];
  if (run.staleMillis.has(i)) notes.push("stale by " + millis(run.staleMillis.get(i)));
  if (run.valuesOf.has(i)) notes.push(run.valuesOf.get(i) + " siblings");
  return {
    asked, came, outcome,
    who: "client " + run.process[i] + (lane.node ? " at " + lane.node : ""),
    when: "at " + run.begin[i].toFixed(6) + " s, " + wait,
    notes: notes.join(", "),
  };
}

function millis(value) {
  const text = (number, digits) => Number(number.toFixed(digits)).toString();
  if (value >= 1000) return text(value / 1000, value >= 10000 ? 1 : 2) + " s";
  return text(value, value >= 100 ? 0 : value >= 1 ? 1 : 2) + " ms";
}

// First place in a sorted array whose value is not less.
function lowerBound(sorted, value, of) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((of ? of(sorted[middle]) : sorted[middle]) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
