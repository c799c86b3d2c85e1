// What Grafana's application provides to its packages, as far as dashboards need it.
import { from, of } from 'rxjs';
import { catchError, map } from 'rxjs/operators';
import { EventBusSrv, LoadingState, locationUtil, toDataFrame } from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { PrometheusDatasource } from '@grafana/prometheus';
import { sceneGraph } from '@grafana/scenes';
import { answerAll, fetchJson } from './prometheus.js';

export const SOURCE = { uid: 'prom', type: 'prometheus' };

const settings = ({ url, view }) => ({
  ...SOURCE,
  id: 1,
  name: 'Prometheus',
  access: 'proxy',
  url,
  isDefault: true,
  readOnly: true,
  jsonData: { timeInterval: `${view.scrape}s`, httpMethod: 'POST' },
  meta: { id: 'prometheus', module: '', info: {}, name: 'Prometheus', baseUrl: '' },
});

function fetcher({ url, view }) {
  const said = (data, options) => ({ data, status: 200, ok: true, config: options });
  return (options) => {
    const [path, search] = options.url.split('?');
    if (path.endsWith('/api/ds/query')) {
      return from(answerAll(url, view.scrape, options.data)).pipe(map((data) => said(data, options)));
    }
    const resource = /resources\/api\/v1\/(.*)$/.exec(path);
    if (!resource) return of(said({}, options));
    const asked = new URLSearchParams({
      ...options.params,
      ...options.data,
      ...Object.fromEntries(new URLSearchParams(search)),
    });
    return from(fetchJson(`${url}/api/v1/${resource[1]}?${asked}`)).pipe(map((data) => said(data, options)));
  };
}

function runRequest(source, request, own) {
  const answer = (rest) => ({ series: [], timeRange: request.range, request, ...rest });
  const frames = (response) => (response.data ?? []).map((each) => (each.fields ? each : toDataFrame(each)));
  const state = ({ state: said, errors }) =>
    said ?? (errors?.length ? LoadingState.Error : LoadingState.Done);
  return from(own ? own(request) : source.query(request)).pipe(
    map((response) =>
      answer({
        state: state(response),
        errors: response.errors,
        series: own ? (response.data ?? []) : frames(response),
      }),
    ),
    catchError((error) => of(answer({ state: LoadingState.Error, errors: [{ message: String(error) }] }))),
  );
}

export function provideServices(job) {
  const none = async () => ({});
  runtime.setAppEvents(new EventBusSrv());
  runtime.setBackendSrv({
    fetch: fetcher(job),
    get: none,
    post: none,
    datasourceRequest: none,
    resolveCancelerIfExists() {},
  });
  runtime.setTemplateSrv({
    replace: (text, scoped, format) => {
      const at = scoped?.__sceneObject?.value?.valueOf?.() ?? scoped?.__sceneObject?.value ?? window.scene;
      return sceneGraph.interpolate(at, text, scoped, format);
    },
    getVariables: () => [],
    getAdhocFilters: () => [],
    containsTemplate: (text) => /\$/.test(text ?? ''),
    updateTimeRange() {},
  });
  locationUtil.initialize({
    config: { appSubUrl: '' },
    getVariablesUrlParams: () => ({}),
    getTimeRangeForUrl: () => ({}),
  });
  const known = settings(job);
  const source = new PrometheusDatasource(known);
  source.init = async () => {}; // it would read rules and names of metrics for an editor
  runtime.setDataSourceSrv({
    get: async () => source,
    getInstanceSettings: () => known,
    getList: () => [known],
    registerRuntimeDataSource() {},
  });
  runtime.setRunRequest(runRequest);
  const unknown = async (id) => {
    throw new Error(`there is no panel of the kind ${id}`);
  };
  runtime.setPluginImportUtils({ importPanelPlugin: unknown, getPanelPluginFromCache: () => undefined });
}
