// Lays a dashboard out as Grafana does, by gridPos, and fills in each panel.
"use strict";

const CELL = 38; // pixels: Grafana's 30 and its gap of 8
const GAP = 8;

function drawNothing(body, panel) {
  const none = document.createElement("div");
  none.className = "none";
  none.textContent = panel.fieldConfig.defaults.noValue ?? "No data";
  body.append(none);
}

function drawTiles(body, panel, width, height) {
  if (!panel.values.length) return drawNothing(body, panel);
  const count = panel.values.length;
  const across = Math.ceil(Math.sqrt((count * width) / (height * 2.6))) || 1;
  const columns = Math.min(count, Math.max(across, Math.ceil(count / Math.max(1, Math.floor(height / 34)))));
  const tiles = document.createElement("div");
  tiles.className = "tiles";
  tiles.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  const wide = width / columns;
  const tall = height / Math.ceil(count / columns);
  for (const each of panel.values) {
    const state = shown(each.value, panel.fieldConfig.defaults);
    const tile = document.createElement("div");
    tile.className = "tile";
    tile.style.background = state.colour;
    const value = document.createElement("div");
    const named = panel.options.textMode === "value_and_name" && each.name;
    value.textContent = state.text;
    value.style.fontSize = `${Math.max(11, Math.min(tall * (named ? 0.4 : 0.55), (wide * 1.6) / state.text.length, 44))}px`;
    value.style.fontWeight = 600;
    tile.append(value);
    if (named) {
      const name = document.createElement("div");
      name.className = "name";
      name.textContent = each.name;
      name.style.fontSize = `${Math.max(9, Math.min(13, (wide * 1.7) / each.name.length, tall * 0.3))}px`;
      tile.append(name);
    }
    tiles.append(tile);
  }
  body.append(tiles);
}

function drawBars(body, panel) {
  if (!panel.values.length) return drawNothing(body, panel);
  const field = panel.fieldConfig.defaults;
  const most = field.max ?? Math.max(...panel.values.map((each) => each.value));
  for (const each of panel.values) {
    const state = shown(each.value, field);
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.innerHTML = '<div class="name"></div><div class="track"><div></div></div><div class="value"></div>';
    const [name, track, value] = bar.children;
    name.textContent = each.name;
    track.firstChild.style.cssText = `height: 100%; width: ${Math.min(100, (100 * Math.max(0, each.value)) / most)}%;
      background: ${state.colour}`;
    value.textContent = state.text;
    value.style.color = state.colour;
    body.append(bar);
  }
}

function sorted(panel) {
  const places = (panel.options.sortBy || []).map((by) => panel.table.columns.indexOf(by.displayName));
  const ahead = (one, two, place) => (two[place] ?? -Infinity) - (one[place] ?? -Infinity);
  return [...panel.table.rows].sort((one, two) => places.reduce((found, place) => found || ahead(one, two, place), 0));
}

function drawTable(body, panel) {
  if (!panel.table.rows.length) return drawNothing(body, panel);
  const overrides = new Map(
    panel.fieldConfig.overrides.map((each) => [
      each.matcher.options, Object.fromEntries(each.properties.map((one) => [one.id, one.value])),
    ]),
  );
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const name of panel.table.columns) {
    const cell = document.createElement("th");
    cell.textContent = name;
    const width = overrides.get(name)?.["custom.width"];
    if (width) cell.style.width = `${width}px`;
    head.append(cell);
  }
  const rows = table.createTBody();
  for (const row of sorted(panel)) {
    const line = rows.insertRow();
    for (const [place, value] of row.entries()) {
      const own = overrides.get(panel.table.columns[place]) || {};
      const state = shown(value, { unit: own.unit, mappings: own.mappings, thresholds: own.thresholds });
      const cell = line.insertCell();
      cell.textContent = state.text;
      if (own["custom.cellOptions"] && value !== null) {
        cell.style.background = state.colour;
        cell.style.color = "#fff";
      }
      if (own.links) cell.className = "link";
    }
  }
  body.append(table);
}

function drawProse(body, panel) {
  const box = document.createElement("div");
  box.className = "prose";
  box.innerHTML = panel.options.content
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '<a href="$2">$1</a>')
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*\*([^*]+)\*\*/g, "<b>$1</b>")
    .replace(/\n\n/g, "<p>");
  body.append(box);
}

const DRAW = { timeseries: drawLines, "state-timeline": drawTimeline, stat: drawTiles, bargauge: drawBars,
  table: drawTable, text: drawProse };

function draw(width) {
  document.querySelector("h1").textContent = BOARD.title;
  for (const [name, value] of CHOICE) {
    const chip = document.createElement("span");
    chip.innerHTML = "<b></b> ";
    chip.firstChild.textContent = name;
    chip.append(value);
    document.querySelector("header").append(chip);
  }
  const time = document.createElement("span");
  time.className = "time";
  time.textContent = `${new Date((SIGHT.end - SIGHT.seconds) * 1000).toISOString().slice(0, 16).replace("T", " ")} to ` +
    `${clock(SIGHT.end)} UTC`;
  document.querySelector("header").append(time);
  const main = document.querySelector("main");
  const column = (width - 2 * GAP + GAP) / 24;
  let deepest = 0;
  for (const panel of BOARD.panels) {
    const { x, y, w, h } = panel.gridPos;
    const box = { left: GAP + x * column, top: y * CELL, width: w * column - GAP, height: h * CELL - GAP };
    const section = document.createElement("section");
    section.style.cssText = Object.entries(box).map(([key, value]) => `${key}: ${value}px`).join(";");
    main.append(section);
    deepest = Math.max(deepest, box.top + box.height);
    if (panel.type === "row") {
      section.className = "row";
      section.textContent = `⌄ ${panel.title}`;
      continue;
    }
    section.innerHTML = '<h2></h2><div class="body"></div>';
    section.firstChild.textContent = panel.title;
    DRAW[panel.type](section.lastChild, panel, box.width - 2, box.height - 30);
  }
  main.style.height = `${deepest + GAP}px`;
  return 44 + deepest + GAP;
}
