// The kinds of panels that our dashboards have, made of the components of @grafana/ui.
import React from 'react';
import {
  FieldColorModeId,
  FieldType,
  PanelPlugin,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  renderMarkdown,
} from '@grafana/data';
import { BarGauge, BigValue, Table, VizRepeater, useTheme2 } from '@grafana/ui';
import { Graph } from './graph.jsx';
import { note } from './notes.js';
import { option } from './registries.js';
import { Timeline } from './timeline.jsx';

const hasRows = ({ series }) => series.some((frame) => frame.length > 0);

function Empty({ fieldConfig, width, height }) {
  const style = {
    width,
    height,
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    textAlign: 'center',
  };
  return (
    <div data-empty style={style}>
      {fieldConfig.defaults.noValue ?? 'No data'}
    </div>
  );
}

// Draws a panel, or says that there is nothing to draw; notes which answer of Prometheus is on the screen.
const drawn = (Kind, isEmpty) =>
  function Drawn(props) {
    React.useLayoutEffect(() =>
      note(props.id, { data: props.data, fieldConfig: props.fieldConfig, options: props.options }),
    );
    return isEmpty(props) ? <Empty {...props} /> : <Kind {...props} />;
  };

function reduced({ data, options, fieldConfig, replaceVariables, timeZone }, theme) {
  return getFieldDisplayValues({
    data: data.series,
    reduceOptions: options.reduceOptions,
    sparkline: false,
    fieldConfig,
    replaceVariables,
    theme,
    timeZone,
  });
}

const hasNumbers = ({ series }) =>
  series.some(({ fields }) =>
    fields.some(({ type, values }) => type !== FieldType.time && values.some((value) => value !== null)),
  );

// Where there is no value at all, what stands in its place has the number 0.
function noteReduced({ id, data }, values, isColoured) {
  const isEmpty = !hasNumbers(data);
  const shown = values.map(({ display, name }) => ({
    text: `${display.prefix ?? ''}${display.text}${display.suffix ?? ''}`,
    colour: isColoured ? display.color : '',
    name: display.title ?? name ?? '',
    number: !isEmpty && Number.isFinite(display.numeric) ? display.numeric : null,
    missing: isEmpty || !Number.isFinite(display.numeric),
  }));
  note(id, { values: shown });
}

function Stat(props) {
  const theme = useTheme2();
  const { options, width, height, data, renderCounter } = props;
  const values = reduced(props, theme);
  noteReduced(props, values, options.colorMode !== 'none');
  return (
    <VizRepeater
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      width={width}
      height={height}
      source={data}
      renderCounter={renderCounter ?? 0}
      autoGrid
      orientation={options.orientation ?? 'auto'}
      renderValue={({ value, width: wide, height: tall, count, alignmentFactors }) => (
        <BigValue
          value={value.display}
          count={count}
          colorMode={options.colorMode}
          graphMode="none"
          theme={theme}
          width={wide}
          height={tall}
          alignmentFactors={alignmentFactors}
          justifyMode={options.justifyMode ?? 'auto'}
          textMode={options.textMode ?? 'auto'}
          wideLayout={options.wideLayout ?? true}
          text={options.text}
        />
      )}
    />
  );
}

function Bars(props) {
  const theme = useTheme2();
  const { options, width, height, data, renderCounter } = props;
  const values = reduced(props, theme);
  noteReduced(props, values, true);
  return (
    <VizRepeater
      getValues={() => values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      width={width}
      height={height}
      source={data}
      renderCounter={renderCounter ?? 0}
      orientation={options.orientation}
      itemSpacing={10}
      minVizWidth={options.minVizWidth ?? 8}
      minVizHeight={options.minVizHeight ?? 16}
      maxVizHeight={options.maxVizHeight ?? 300}
      renderValue={({ value, width: wide, height: tall, alignmentFactors }) => (
        <BarGauge
          value={value.display}
          width={wide}
          height={tall}
          orientation={options.orientation}
          field={value.field}
          theme={theme}
          display={value.view?.getFieldDisplayProcessor?.(value.colIndex ?? 0)}
          alignmentFactors={alignmentFactors}
          itemSpacing={10}
          displayMode={options.displayMode}
          showUnfilled={options.showUnfilled}
          lcdCellWidth={12}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
          text={options.text}
        />
      )}
    />
  );
}

function Rows({ data, options, width, height, fieldConfig, timeRange, replaceVariables }) {
  return (
    <Table
      data={data.series[0]}
      width={width}
      height={height}
      noHeader={!(options.showHeader ?? true)}
      resizable
      showTypeIcons={false}
      initialSortBy={options.sortBy}
      cellHeight={options.cellHeight}
      enablePagination={options.footer?.enablePagination}
      fieldConfig={fieldConfig}
      timeRange={timeRange}
      getActions={() => []}
      replaceVariables={replaceVariables}
    />
  );
}

function Words({ options, replaceVariables }) {
  const html =
    options.mode === 'html'
      ? replaceVariables(options.content ?? '')
      : renderMarkdown(replaceVariables(options.content ?? ''));
  return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: html }} />;
}

const never = () => false;
const withoutFields = ({ data }) => !data.series.some((frame) => frame.fields.length > 0);
const withoutRows = ({ data }) => !hasRows(data);
const withoutNumbers = ({ data }) =>
  !data.series.some((frame) => frame.fields.some(({ type }) => type === FieldType.number));

// What a field of each kind is like where a dashboard says nothing.
const GRAPH = {
  axisBorderShow: false,
  axisCenteredZero: false,
  axisColorMode: 'text',
  axisLabel: '',
  axisPlacement: 'auto',
  axisSoftMax: undefined,
  axisSoftMin: undefined,
  axisWidth: undefined,
  barAlignment: 0,
  barWidthFactor: 0.6,
  drawStyle: 'line',
  fillOpacity: 0,
  gradientMode: 'none',
  hideFrom: { legend: false, tooltip: false, viz: false },
  insertNulls: false,
  lineInterpolation: 'linear',
  lineStyle: undefined,
  lineWidth: 1,
  pointSize: 5,
  scaleDistribution: { type: 'linear' },
  showPoints: 'auto',
  spanNulls: false,
  stacking: { mode: 'none', group: 'A' },
  thresholdsStyle: { mode: 'off' },
  transform: undefined,
  fillBelowTo: undefined,
};
const TABLE = {
  align: 'auto',
  cellOptions: { type: 'auto' },
  filterable: false,
  hidden: false,
  inspect: false,
  minWidth: undefined,
  width: undefined,
  wrapHeaderText: false,
};
const TIMELINE = {
  fillOpacity: 70,
  hideFrom: GRAPH.hideFrom,
  insertNulls: false,
  lineWidth: 0,
  spanNulls: false,
};

const custom = (defaults) => (builder) => {
  for (const [name, value] of Object.entries(defaults))
    builder.addCustomEditor(option(name, undefined, value));
};
const plugin = (Kind, isEmpty, config) => {
  const made = new PanelPlugin(drawn(Kind, isEmpty)).setDataSupport({
    alertStates: false,
    annotations: Kind === Graph || Kind === Timeline,
  });
  return config ? made.useFieldConfig(config) : made;
};
const byPalette = {
  color: { defaultValue: { mode: FieldColorModeId.PaletteClassic }, settings: { byValueSupport: true } },
};

export const PANELS = {
  bargauge: plugin(Bars, never, {}),
  stat: plugin(Stat, never, {}),
  'state-timeline': plugin(Timeline, withoutRows, { useCustomConfig: custom(TIMELINE) }),
  table: plugin(Rows, withoutFields, { useCustomConfig: custom(TABLE) }),
  text: plugin(Words, never),
  timeseries: plugin(Graph, (props) => withoutRows(props) || withoutNumbers(props), {
    useCustomConfig: custom(GRAPH),
    standardOptions: byPalette,
  }),
};
