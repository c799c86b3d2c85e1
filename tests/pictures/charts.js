// Values over time: lines and state timelines, as SVG.
"use strict";

function element(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function clock(seconds) {
  return new Date(seconds * 1000).toISOString().slice(11, SIGHT.seconds < 600 ? 19 : 16);
}

function timeAxis(svg, left, right, height) {
  const span = SIGHT.seconds;
  const step = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200].find((each) => span / each <= 7) || 14400;
  const at = (when) => left + ((when - (SIGHT.end - span)) / span) * (right - left);
  for (let when = Math.ceil((SIGHT.end - span) / step) * step; when <= SIGHT.end; when += step) {
    const x = at(when);
    svg.append(element("line", { x1: x, x2: x, y1: 0, y2: height, stroke: "#25272d" }));
    if (x > left + 14 && x < right - 14) {
      svg.append(element("text", { x, y: height + 13, "text-anchor": "middle" }, clock(when)));
    }
  }
  return at;
}

function niceStep(span, count) {
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw * 0.999);
}

function stackedUp(series) {
  const sums = new Map();
  return series.map((each) => ({
    ...each,
    points: each.points.map(([when, value]) => {
      const below = sums.get(when) || 0;
      sums.set(when, below + value);
      return [when, below + value, below];
    }),
  }));
}

// Splits points where one is missing: a gap says that nothing was known.
function pieces(points) {
  const found = [];
  for (const point of points) {
    const last = found.at(-1);
    if (last && point[0] - last.at(-1)[0] <= SIGHT.step * 1.5) last.push(point);
    else found.push([point]);
  }
  return found;
}

function drawLines(body, panel, width, height) {
  const stacked = panel.fieldConfig.defaults.custom?.stacking?.mode === "normal";
  const series = stacked ? stackedUp(panel.series) : panel.series;
  if (!series.length) return drawNothing(body, panel);
  const legend = drawLegend(body, panel.series.map((each) => each.name), width);
  const field = panel.fieldConfig.defaults;
  const steps = (field.thresholds?.steps || []).filter((step) => step.value !== null);
  const visible = field.custom?.thresholdsStyle?.mode === "dashed" ? steps : [];
  const largest = Math.max(...series.flatMap((each) => each.points.map((point) => point[1])), 0);
  // A threshold that is near shows how near; one that is far would squeeze the lines.
  const top = Math.max(largest * 1.08, ...visible.map((step) => step.value * 1.1).filter((y) => y <= largest * 3)) || 1;
  const step = niceStep(top, Math.max(2, Math.floor((height - legend) / 45)));
  const labels = [];
  for (let y = 0; y <= top; y += step) labels.push(y);
  const left = 12 + 6.2 * Math.max(...labels.map((y) => formatted(y, field.unit).length));
  const right = width - 10;
  const bottom = height - legend - 20;
  const svg = element("svg", { width, height: height - legend });
  const at = timeAxis(svg, left, right, bottom);
  const up = (value) => bottom - (value / top) * (bottom - 6);
  for (const y of labels) {
    svg.append(element("line", { x1: left, x2: right, y1: up(y), y2: up(y), stroke: "#2c2f36" }));
    svg.append(element("text", { x: left - 5, y: up(y) + 4, "text-anchor": "end" }, formatted(y, field.unit)));
  }
  drawMarks(svg, at, bottom);
  for (const [place, each] of series.entries()) {
    for (const piece of pieces(each.points)) drawPiece(svg, piece, place, at, up, field.custom);
  }
  for (const each of visible.filter((one) => one.value <= top)) {
    svg.append(element("line", { x1: left, x2: right, y1: up(each.value), y2: up(each.value),
      stroke: colour(each.color), "stroke-dasharray": "8 5", "stroke-width": 1.3 }));
  }
  body.prepend(svg);
}

function drawPiece(svg, piece, place, at, up, look) {
  const stroke = PALETTE[place % PALETTE.length];
  const line = piece.map(([when, value]) => `${at(when).toFixed(1)},${up(value).toFixed(1)}`);
  const under = piece.map(([when, , below]) => `${at(when).toFixed(1)},${up(below || 0).toFixed(1)}`).reverse();
  if (look.fillOpacity) {
    svg.append(element("polygon", { points: [...line, ...under].join(" "), fill: stroke,
      "fill-opacity": look.fillOpacity / 100 }));
  }
  if (look.lineWidth) {
    svg.append(element("polyline", { points: line.join(" "), fill: "none", stroke,
      "stroke-width": look.lineWidth * 1.4, "shape-rendering": "crispEdges" }));
  }
}

function drawMarks(svg, at, bottom) {
  for (const mark of MARKS) {
    const x = at(mark.from);
    const width = Math.max(1, at(mark.to) - x);
    svg.append(element("rect", { x, y: 0, width, height: bottom, fill: colour(mark.colour), "fill-opacity": 0.05 }));
    svg.append(element("line", { x1: x, x2: x, y1: 0, y2: bottom, stroke: colour(mark.colour),
      "stroke-dasharray": "3 3" }));
    svg.append(element("rect", { x, y: bottom - 3, width, height: 3, fill: colour(mark.colour) }));
  }
}

function drawLegend(body, names, width) {
  const box = document.createElement("div");
  box.className = "legend";
  for (const [place, name] of names.entries()) {
    const entry = document.createElement("span");
    const dash = document.createElement("i");
    dash.style.background = PALETTE[place % PALETTE.length];
    entry.append(dash, name);
    box.append(entry);
  }
  body.append(box);
  const height = Math.min(box.scrollHeight, 32);
  box.style.height = `${height}px`;
  return height + 4;
}

function drawTimeline(body, panel, width, height) {
  if (!panel.series.length) return drawNothing(body, panel);
  const field = panel.fieldConfig.defaults;
  const names = panel.series.map((each) => each.name);
  const left = Math.min(width * 0.45, 14 + 6.3 * Math.max(...names.map((name) => name.length)));
  const right = width - 10;
  const bottom = height - 20;
  const svg = element("svg", { width, height });
  const at = timeAxis(svg, left, right, bottom);
  const room = bottom / panel.series.length;
  for (const [place, each] of panel.series.entries()) {
    const y = place * room + room * 0.1;
    const tall = room * 0.8;
    if (place % Math.ceil(12 / room) === 0) {
      svg.append(element("text", { x: left - 6, y: y + tall / 2 + 4, "text-anchor": "end" }, cut(each.name, left)));
    }
    for (const run of runs(each.points)) {
      const state = shown(run.value, field);
      const x = at(Math.max(run.from, SIGHT.end - SIGHT.seconds));
      const wide = Math.max(1, Math.min(at(run.to + SIGHT.step), right) - x);
      svg.append(element("rect", { x, y, width: wide, height: tall, fill: state.colour, "fill-opacity": 0.85 }));
      if (wide > state.text.length * 6.5 + 6 && tall > 11) {
        const text = element("text", { x: x + 5, y: y + tall / 2 + 4 }, state.text);
        text.style.fill = "#fff";
        svg.append(text);
      }
    }
  }
  body.append(svg);
}

// As Grafana does: what does not fit ends in dots.
function cut(name, left) {
  const most = Math.round((left - 14) / 6.3);
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
}

function runs(points) {
  const found = [];
  for (const [when, value] of points) {
    const last = found.at(-1);
    if (last && last.value === value && when - last.to <= SIGHT.step * 1.5) last.to = when;
    else found.push({ value, from: when, to: when });
  }
  return found;
}
