// Grafana's server for the data source: it fills in the interval, asks Prometheus, and gives frames.
export const QUERIES = []; // every question, with what it cost
let open = 0;
export const isAsking = () => open > 0;

const UNITS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 };
const seconds = (text) => {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  return Number(count) * UNITS[unit];
};

export async function fetchJson(address, options) {
  open += 1;
  try {
    return await (await fetch(address, options)).json();
  } finally {
    open -= 1;
  }
}

async function ask(url, path, panel, expr, when) {
  const begun = performance.now();
  const body = new URLSearchParams({ query: expr, stats: 'all', ...when });
  const answer = await fetchJson(`${url}/api/v1/${path}`, { method: 'POST', body });
  const waited = (performance.now() - begun) / 1000; // with the time in the browser's queue
  const size = new TextEncoder().encode(expr).length;
  const needed = answer.data?.stats?.timings?.evalTotalTime;
  QUERIES.push({ panel: panel ?? 0, expr, seconds: needed ?? waited, size, error: answer.error ?? '' });
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data.result;
}

const number = (text) => ({ '+Inf': Infinity, '-Inf': -Infinity })[text] ?? Number(text);

// Without a legend of its own a series is named after its labels, which the packages do, or else after its
// query.
function nameOf({ legendFormat, expr }, labels) {
  if (legendFormat && legendFormat !== '__auto')
    return legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name) => labels[name] ?? '');
  return Object.keys(labels).length ? undefined : expr;
}

function frame(query, step, executed, kind, labels, points) {
  const name = nameOf(query, labels);
  const [type, resultType] = kind;
  return {
    schema: {
      refId: query.refId,
      name,
      meta: { type, typeVersion: [0, 1], custom: { resultType }, executedQueryString: executed },
      fields: [
        {
          name: 'Time',
          type: 'time',
          typeInfo: { frame: 'time.Time' },
          config: step ? { interval: step * 1000 } : {},
        },
        {
          name: 'Value',
          type: 'number',
          typeInfo: { frame: 'float64' },
          labels,
          config: { displayNameFromDS: name },
        },
      ],
    },
    data: { values: [points.map(([at]) => at * 1000), points.map(([, text]) => number(text))] },
  };
}

const OVER_TIME = ['timeseries-multi', 'matrix'];
const NOW = ['numeric-multi', 'vector'];

async function answer(url, query, begin, end, scrape) {
  const least = Math.max(scrape, (query.intervalMs ?? 15000) / 1000, (end - begin) / 11000);
  const step = Math.max(1, Math.round(least));
  const range = Math.round(end - begin);
  const values = {
    __interval: `${step}s`,
    __interval_ms: step * 1000,
    __range: `${range}s`,
    __range_s: range,
    __range_ms: range * 1000,
    __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`,
  };
  const expr = query.expr.replace(
    /\$(?:\{(__\w+)\}|(__\w+))/g,
    (whole, inner, plain) => values[inner ?? plain] ?? whole,
  );
  const executed = `Expr: ${expr}\nStep: ${step}s`;
  const frames = [];
  if (query.range) {
    const down = (at) => Math.floor(at / step) * step;
    const result = await ask(url, 'query_range', query.panel, expr, {
      start: down(begin),
      end: down(end),
      step,
    });
    frames.push(
      ...result.map(({ metric, values: points }) => frame(query, step, executed, OVER_TIME, metric, points)),
    );
  }
  if (query.instant) {
    const result = await ask(url, 'query', query.panel, expr, { time: end });
    frames.push(...result.map(({ metric, value }) => frame(query, 0, executed, NOW, metric, [value])));
  }
  return frames;
}

export async function answerAll(url, scrape, { queries, from, to }) {
  const results = {};
  await Promise.all(
    queries.map(async (query) => {
      try {
        const frames = await answer(url, query, Number(from) / 1000, Number(to) / 1000, scrape);
        results[query.refId] = { status: 200, frames };
      } catch (error) {
        results[query.refId] = { status: 400, error: String(error.message), frames: [] };
      }
    }),
  );
  return { results };
}
