// A graph over time with annotations: single points are dashed lines, regions are filled from top to bottom.
import React from 'react';
import { getFieldDisplayName } from '@grafana/data';
import { TimeSeries, useTheme2 } from '@grafana/ui';
import tinycolor from 'tinycolor2';
import { marksIn } from './marks.js';
import { note } from './notes.js';

function drawMarks(plot, marks, theme) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { begin, end, colour } of marks) {
    const x = plot.valToPos(begin, 'x', true);
    const shown = theme.visualization.getColorByName(colour ?? 'red');
    if (end) {
      ctx.fillStyle = tinycolor(shown).setAlpha(0.1).toRgbString();
      ctx.fillRect(x, bbox.top, plot.valToPos(end, 'x', true) - x, bbox.height);
    }
    ctx.strokeStyle = shown;
    ctx.lineWidth = 2;
    ctx.setLineDash([5, 5]);
    for (const at of end ? [x, plot.valToPos(end, 'x', true)] : [x]) {
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
  }
  ctx.restore();
}

// What is written beside an axis is drawn on a canvas: it is kept from where it is made.
function axesOf(plot, frame) {
  return plot.axes
    .filter(({ scale, show }) => scale !== 'x' && show !== false)
    .map(({ scale, _values: ticks }) => {
      const { min, max } = plot.scales[scale];
      const fields = frame.fields.filter((_, at) => at > 0 && plot.series[at]?.scale === scale);
      const values = fields.flatMap((field) => [...field.values]).filter(Number.isFinite);
      const drawn = fields.filter(({ config }) => (config.custom?.thresholdsStyle?.mode ?? 'off') !== 'off');
      const thresholds = drawn
        .flatMap(({ config }) => config.thresholds?.steps ?? [])
        .map(({ value }) => value);
      return {
        low: min,
        high: max,
        unit: fields[0]?.config.unit ?? '',
        ticks: (ticks ?? []).filter(Boolean).map(String),
        most: values.length ? values.reduce((one, other) => Math.max(one, other)) : null,
        thresholds: [...new Set(thresholds.filter((value) => Number.isFinite(value)))],
      };
    });
}

export function Graph({ id, data, options, width, height, timeRange, timeZone }) {
  const theme = useTheme2();
  const marks = marksIn(data);
  // The configuration lives longer than one drawing of the panel, its hook asks for the newest marks.
  const newest = React.useRef(marks);
  newest.current = marks;
  const hooked = React.useRef(new WeakSet());
  const redraw = React.useRef(() => {});
  React.useEffect(() => {
    redraw.current();
  }, [data]);
  const names = data.series.flatMap((frame) =>
    frame.fields
      .slice(1)
      .filter(({ config }) => !config.custom?.hideFrom?.legend)
      .map((field) => getFieldDisplayName(field, frame, data.series)),
  );
  note(id, { legend: options.legend?.showLegend === false ? [] : names });
  return (
    <TimeSeries
      frames={data.series}
      structureRev={data.structureRev}
      timeRange={timeRange}
      timeZone={timeZone}
      width={width}
      height={height}
      legend={options.legend}
      options={options}
    >
      {(config, frame) => {
        if (!hooked.current.has(config)) {
          hooked.current.add(config);
          config.addHook('draw', (plot) => {
            redraw.current = () => plot.redraw(false);
            drawMarks(plot, newest.current, theme);
            note(id, { axes: axesOf(plot, frame) });
          });
        }
        return null;
      }}
    </TimeSeries>
  );
}
