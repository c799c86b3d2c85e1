// What is seen, in the words of report.py.
import { VariableHide } from '@grafana/data';
import { SceneGridRow, VizPanel, sceneGraph } from '@grafana/scenes';
import { namesOf } from './colours.js';
import { marksIn } from './marks.js';
import { notesOf } from './notes.js';
import { QUERIES, isAsking } from './prometheus.js';
import { linksOf } from './scene.jsx';
import { cellsOf } from './table.js';
import { cutTexts } from './texts.js';
import { usesIn } from './uses.js';

const isEnded = (data) => ['Done', 'Error', 'Streaming'].includes(data?.state);

function isInSight(panel) {
  for (let at = panel.parent; at; at = at.parent) {
    if (at instanceof SceneGridRow && at.state.isCollapsed) return false;
  }
  return true;
}
const panelsIn = (scene) =>
  sceneGraph.findAllObjects(scene, (each) => each instanceof VizPanel).filter(isInSight);
const elementOf = (panel) => document.querySelector(`[data-viz-panel-key="${panel.state.key}"]`);
const has = (data, test) => (data?.series ?? []).some((frame) => frame.fields.some((field) => test(field)));
const hasValues = (data) =>
  has(
    data,
    ({ type, values }) =>
      type !== 'time' &&
      values.some((value) => value !== null && value !== undefined && !Number.isNaN(value)),
  );

// What a panel still waits for; empty when it is drawn with all of its data.
function waitsFor(panel) {
  const notes = notesOf(panel.getLegacyPanelId());
  if (!panel.state.$data) return notes.data ? '' : 'not drawn';
  const data = panel.state.$data.state.data;
  if (!isEnded(data)) return `data ${data?.state}`;
  if (notes.data?.state !== data.state) return `drawn with data ${notes.data?.state}`;
  const hasAxes =
    panel.state.pluginId !== 'timeseries' || elementOf(panel)?.querySelector('[data-empty]') || notes.axes;
  return hasAxes ? '' : 'no axes drawn';
}

export function unfinishedIn(scene) {
  const { variables } = sceneGraph.getVariables(scene).state;
  return [
    ...(isAsking() ? ['a query'] : []),
    ...(document.fonts.status === 'loaded' ? [] : ['fonts']),
    ...variables
      .filter((each) => sceneGraph.getVariables(scene).isVariableLoadingOrWaitingToUpdate(each))
      .map(({ state }) => `variable ${state.name}`),
    ...panelsIn(scene)
      .map((panel) => [panel.state.key, waitsFor(panel)])
      .filter(([, what]) => what)
      .map((each) => each.join(': ')),
  ];
}

const errorsOf = (data) => [
  ...new Set([...(data?.errors ?? []), ...(data?.error ? [data.error] : [])].map(({ message }) => message)),
];

function panelReport(panel, nameOf) {
  const id = panel.getLegacyPanelId();
  const {
    data,
    fieldConfig,
    options,
    values = [],
    cut = [],
    rows = 0,
    row_height = 0,
    legend = [],
    axes = [],
  } = notesOf(id);
  const element = elementOf(panel);
  const empty = element.querySelector('[data-empty]')?.textContent;
  const isAsked = Boolean(panel.state.$data);
  const cells = panel.state.pluginId === 'table' && empty === undefined ? cellsOf(element) : undefined;
  const all = cells ? data.series[0].length : rows;
  const isBlank = ['stat', 'bargauge'].includes(panel.state.pluginId) && !hasValues(data);
  const noRows = cells && all === 0 ? (fieldConfig.defaults.noValue ?? 'No data') : null;
  return {
    id,
    title: sceneGraph.interpolate(panel, panel.state.title),
    type: panel.state.pluginId,
    has_data: !isAsked || hasValues(data),
    empty: empty ?? noRows ?? (isBlank ? values.map(({ text }) => text).join(' ') : null),
    no_value: fieldConfig.defaults?.noValue ?? null,
    text: element.innerText,
    values: (cells?.values ?? values).map((each) => ({ ...each, colour: nameOf(each.colour) })),
    rows: all,
    legend,
    axes,
    row_height: cells?.row_height ?? row_height,
    errors: errorsOf(panel.state.$data?.state.data),
    ...(isAsked ? usesIn(data.series, fieldConfig, options) : {}),
    cut: [
      ...cutTexts(element),
      ...cut,
      ...(cells && cells.seen < all
        ? [{ text: `${all - cells.seen} rows`, where: 'rows', kind: 'below' }]
        : []),
    ],
  };
}

export function reportOn(scene, { board, view }, theme) {
  const nameOf = namesOf(theme);
  const list = (value) => (Array.isArray(value) ? value : [value]).map(String);
  const panels = panelsIn(scene);
  const annotated = panels
    .map((panel) => panel.state.$data?.state.data)
    .find((data) => data?.annotations?.length);
  return {
    title: board.title,
    begin: view.begin,
    end: view.end,
    width: window.innerWidth,
    height: document.documentElement.scrollHeight,
    panels: panels.map((panel) => panelReport(panel, nameOf)),
    variables: scene.state.$variables.state.variables
      .filter(({ state }) => state.hide !== VariableHide.hideVariable)
      .map(({ state }) => ({
        name: state.name,
        label: state.label ?? state.name,
        chosen: list(state.text || state.value),
        options: (state.options ?? []).map(({ label }) => String(label)),
      })),
    marks: annotated
      ? marksIn(annotated).map((mark) => ({
          ...mark,
          begin: mark.begin / 1000,
          end: mark.end && mark.end / 1000,
        }))
      : [],
    queries: QUERIES,
    links: linksOf(scene, board.links ?? []).map(({ url }) => url),
  };
}
