// How numbers read, and which colour they have: Grafana's units, thresholds and value mappings.
"use strict";

const COLOURS = {
  green: "#299c46", "dark-green": "#19730e", blue: "#3274d9", yellow: "#c9a100", orange: "#e0752d",
  red: "#d0302f", purple: "#8f3bb8", text: "#ccccdc", transparent: "transparent",
};
const PALETTE = ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0",
  "#37872d", "#fade2a", "#447ebc", "#c15c17", "#890f02", "#0a437c", "#6d1f62", "#584477"];

const colour = (name) => COLOURS[name] || name;

function trimmed(number, digits) {
  return String(Number(number.toFixed(digits)));
}

function digitsOf(number) {
  const size = Math.abs(number);
  return size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
}

function scaled(number, base, names, suffix) {
  let place = 0;
  let size = number;
  while (Math.abs(size) >= base && place < names.length - 1) { size /= base; place += 1; }
  return `${trimmed(size, digitsOf(size))}${names[place]}${suffix}`;
}

function duration(seconds) {
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  if (size < 0.001) return `${trimmed(seconds * 1e6, 0)} µs`;
  if (size < 1) return `${trimmed(seconds * 1e3, digitsOf(seconds * 1e3))} ms`;
  for (const [name, unit] of [["year", 31536000], ["week", 604800], ["day", 86400], ["hour", 3600], ["min", 60]]) {
    if (size >= unit) {
      const count = trimmed(seconds / unit, 1);
      return `${count} ${name}${name === "min" || count === "1" ? "" : "s"}`;
    }
  }
  return `${trimmed(seconds, 1)} s`;
}

function formatted(value, unit) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  const counts = ["", "K", "M", "G"];
  switch (unit) {
    case "s": return duration(value);
    case "percentunit": return `${trimmed(value * 100, digitsOf(value * 100))}%`;
    case "bytes": return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"], "");
    case "Bps": return scaled(value, 1000, [" B", " kB", " MB", " GB"], "/s");
    case "reqps": return scaled(value, 1000, counts, " req/s");
    case "mps": return scaled(value, 1000, counts, " msg/s");
    case "ops": return scaled(value, 1000, counts, " ops/s");
    case "cps": return scaled(value, 1000, counts, " c/s");
    default: return scaled(value, 1000, counts, "");
  }
}

function mappedTo(value, mappings) {
  for (const mapping of mappings || []) {
    const found = mapping.options[String(value)];
    if (found) return found;
  }
  return null;
}

function thresholdColour(value, thresholds) {
  let found = "text";
  for (const step of (thresholds && thresholds.steps) || []) {
    if (step.value === null || value >= step.value) found = step.color;
  }
  return colour(found);
}

// Gives text and colour of a value under the defaults of a field.
function shown(value, field) {
  const mapped = mappedTo(value, field.mappings);
  return {
    text: mapped && mapped.text ? mapped.text : formatted(value, field.unit),
    colour: mapped && mapped.color ? colour(mapped.color) : thresholdColour(value, field.thresholds),
  };
}
