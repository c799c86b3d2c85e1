// A dashboard's JSON as a scene of @grafana/scenes.
import React from 'react';
import { urlUtil } from '@grafana/data';
import {
  DataSourceVariable,
  EmbeddedScene,
  QueryVariable,
  SceneControlsSpacer,
  SceneDataLayerControls,
  SceneDataLayerSet,
  SceneDataTransformer,
  SceneFlexItem,
  SceneFlexLayout,
  SceneGridItem,
  SceneGridLayout,
  SceneGridRow,
  SceneObjectBase,
  SceneQueryRunner,
  SceneRefreshPicker,
  SceneTimePicker,
  SceneTimeRange,
  SceneVariableSet,
  TextBoxVariable,
  VariableValueSelectors,
  VizPanel,
  dataLayers,
  sceneGraph,
} from '@grafana/scenes';
import { SOURCE } from './services.js';

const HEAD = 80; // pixels: what Grafana's own bars take of a screen

function dataOf(json) {
  if (!json.targets?.length) return undefined;
  const queries = json.targets.map((target) => ({ ...target, panel: json.id }));
  const runner = new SceneQueryRunner({
    datasource: SOURCE,
    queries,
    maxDataPoints: json.maxDataPoints,
    minInterval: json.interval,
  });
  return new SceneDataTransformer({ $data: runner, transformations: json.transformations ?? [] });
}

const panel = (json) =>
  new VizPanel({
    key: `panel-${json.id}`,
    title: json.title,
    description: json.description,
    pluginId: json.type,
    options: json.options ?? {},
    fieldConfig: json.fieldConfig ?? { defaults: {}, overrides: [] },
    $data: dataOf(json),
    displayMode: json.transparent ? 'transparent' : 'default',
    hoverHeader: !json.title,
  });

const item = (json) =>
  new SceneGridItem({
    x: json.gridPos.x,
    y: json.gridPos.y,
    width: json.gridPos.w,
    height: json.gridPos.h,
    isDraggable: false,
    isResizable: false,
    body: panel(json),
  });

// What stands below an open row belongs to it; a closed one holds its panels itself.
function grid(board) {
  const children = [];
  let row = null;
  for (const json of board.panels) {
    if (json.type === 'row') {
      row = new SceneGridRow({
        key: `row-${json.id}`,
        title: json.title,
        y: json.gridPos.y,
        isCollapsible: true,
        isCollapsed: json.collapsed,
        children: (json.panels ?? []).map(item),
      });
      children.push(row);
    } else if (row && !row.state.isCollapsed) {
      row.setState({ children: [...row.state.children, item(json)] });
    } else {
      children.push(item(json));
    }
  }
  return new SceneGridLayout({ children });
}

export const panelsOf = (board) =>
  board.panels.flatMap((json) => (json.type === 'row' ? (json.panels ?? []) : [json]));

function variable(json, view) {
  const common = { name: json.name, label: json.label, hide: json.hide ?? 0 };
  const chosen = view.chosen[json.name];
  if (json.type === 'datasource')
    return new DataSourceVariable({ ...common, pluginId: json.query, value: SOURCE.uid, text: 'Prometheus' });
  if (json.type === 'textbox')
    return new TextBoxVariable({ ...common, value: chosen ?? json.query ?? json.current?.value });
  const value = chosen ?? json.current?.value ?? '';
  return new QueryVariable({
    ...common,
    datasource: SOURCE,
    query: json.query,
    regex: json.regex ?? '',
    sort: json.sort,
    refresh: json.refresh,
    isMulti: json.multi,
    includeAll: json.includeAll,
    allValue: json.allValue,
    defaultToAll: json.includeAll && !chosen,
    value,
    text: chosen ?? json.current?.text ?? '',
  });
}

// Links above a dashboard: to others with one of its tags, or to an address.
class Links extends SceneObjectBase {
  static Component = ({ model }) => {
    sceneGraph.getVariables(model).useState();
    const style = { alignSelf: 'center', color: '#6E9FFF', fontSize: 14 };
    return linksOf(model, model.state.links).map(({ title, url }) => (
      <a key={title} data-link href={url} style={style}>
        {title}
      </a>
    ));
  };
}

export function linksOf(scene, links) {
  const { from, to } = sceneGraph.getTimeRange(scene).state;
  return links.map(({ title, type, url, tags, includeVars, keepTime }) => {
    const params = {};
    if (includeVars) {
      for (const { state, urlSync } of sceneGraph.getVariables(scene).state.variables)
        Object.assign(params, urlSync?.getUrlState() ?? { [`var-${state.name}`]: state.value });
    }
    if (keepTime) Object.assign(params, { from, to });
    if (type === 'dashboards') params.tag = tags;
    const address = type === 'dashboards' ? 'dashboards' : sceneGraph.interpolate(scene, url);
    return { title: sceneGraph.interpolate(scene, title), url: urlUtil.renderUrl(address, params) };
  });
}

export function sceneOf(board, view) {
  const annotations = (board.annotations?.list ?? []).filter(({ builtIn }) => !builtIn);
  const layers = annotations.map((query) => {
    const enable = query.enable || view.marks.includes(query.name);
    return new dataLayers.AnnotationsDataLayer({
      name: query.name,
      isEnabled: enable,
      isHidden: query.hide,
      query: { ...query, enable, datasource: SOURCE },
    });
  });
  const only = panelsOf(board).find(({ id }) => id === view.panel);
  const alone = () =>
    new SceneFlexLayout({
      height: `calc(100vh - ${HEAD + 80}px)`,
      children: [new SceneFlexItem({ body: panel(only) })],
    });
  const iso = (seconds) => new Date(seconds * 1000).toISOString();
  const scene = new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: iso(view.begin), to: iso(view.end), timeZone: 'utc' }),
    $variables: new SceneVariableSet({
      variables: board.templating.list.map((json) => variable(json, view)),
    }),
    $data: new SceneDataLayerSet({ layers }),
    controls: [
      new VariableValueSelectors({}),
      new SceneDataLayerControls(),
      new Links({ links: board.links ?? [] }),
      new SceneControlsSpacer(),
      new SceneTimePicker({ isOnCanvas: true }),
      new SceneRefreshPicker({ isOnCanvas: true }),
    ],
    body: only ? alone() : grid(board),
  });
  if (!only)
    scene.state.body.state.children
      .filter(({ state }) => view.expanded.includes(Number(state.key?.replace('row-', ''))))
      .forEach((row) => row.state.isCollapsed && row.onCollapseToggle());
  return scene;
}
