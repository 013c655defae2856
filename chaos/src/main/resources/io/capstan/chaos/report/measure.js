// What the charts draw, counted anew for the part of the time axis that is shown: never more points
// than the picture has room for, whatever the number of operations.

function measure(run, min, max, buckets) {
  const width = (max - min) / buckets;
  const sides = run.sides.length;
  const attempted = run.sides.map(() => new Float64Array(buckets));
  const answered = run.sides.map(() => new Float64Array(buckets));
  const stale = new Array(buckets).fill(null);
  const from = lowerBound(run.begin, min);
  const to = lowerBound(run.begin, max);
  const bucketOf = (i) => Math.min(buckets - 1, Math.floor((run.begin[i] - min) / width));
  const starts = new Int32Array(buckets + 1).fill(-1);
  const waits = new Float64Array(to - from);
  let waiting = 0;
  let bucket = -1;
  for (let i = from; i < to; i++) {
    const b = bucketOf(i);
    while (bucket < b) starts[++bucket] = waiting;
    const side = run.sideOf[i];
    attempted[side][b]++;
    if (run.outcome[i] === OK || run.outcome[i] === ANSWERED_NO) answered[side][b]++;
    if (run.wait[i] >= 0) waits[waiting++] = run.wait[i] * 1000;
  }
  while (bucket < buckets) starts[++bucket] = waiting;
  for (const [i, age] of run.staleMillis) {
    if (i >= from && i < to) stale[bucketOf(i)] = Math.max(age, stale[bucketOf(i)] || 0);
  }
  const x = Array.from({ length: buckets }, (unused, b) => min + b * width);
  const p50 = new Array(buckets).fill(null);
  const p99 = new Array(buckets).fill(null);
  for (let b = 0; b < buckets; b++) {
    const part = waits.subarray(starts[b], starts[b + 1]).sort();
    if (part.length === 0) continue;
    p50[b] = Math.max(0.1, part[Math.ceil(part.length * 0.5) - 1]);
    p99[b] = Math.max(0.1, part[Math.ceil(part.length * 0.99) - 1]);
  }
  const availability = [];
  for (let side = 0; side < sides; side++) {
    availability.push(Array.from(attempted[side], (all, b) => (all === 0 ? null : answered[side][b] / all)));
  }
  return { x, availability, p50, p99, stale, siblings: siblingsIn(run, x, width) };
}

function siblingsIn(run, x, width) {
  const steps = run.siblingSteps;
  return x.map((start) => {
    let at = Math.max(0, lowerBound(steps, start, (step) => step[0]) - 1);
    let most = steps[at][1];
    while (++at < steps.length && steps[at][0] < start + width) most = Math.max(most, steps[at][1]);
    return most;
  });
}
