// A state timeline. Grafana does not publish its own: this one is written after the documentation of its
// options.
//
// What matters most: where colours come from thresholds and equal values are merged, a number becomes the
// text of its threshold's range before any value mapping is looked at.
import React from 'react';
import {
  FieldColorModeId,
  FieldType,
  dateTimeFormat,
  formattedValueToString,
  getFieldDisplayName,
} from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import tinycolor from 'tinycolor2';
import { marksIn } from './marks.js';
import { note } from './notes.js';

const FONT = 12; // pixels
const LONGEST = 60; // characters of a row's name, more are left out
const AXIS = 24; // pixels below the rows

const bound = (step) =>
  step.value === null || step.value === undefined || step.value === -Infinity ? '-∞' : String(step.value);

export function mergedByThresholds(value, steps) {
  const at = steps.reduce((found, step, index) => (value >= (step.value ?? -Infinity) ? index : found), 0);
  const next = steps[at + 1];
  return {
    text: next ? `${bound(steps[at])} - ${bound(next)}` : `${bound(steps[at])}+`,
    color: steps[at].color,
  };
}

export const mergesThresholds = ({ config }, { mergeValues }) =>
  Boolean(mergeValues) && config.color?.mode === FieldColorModeId.Thresholds;

function shownOf(field, value, options, theme) {
  if (mergesThresholds(field, options) && typeof value === 'number') {
    const { text, color } = mergedByThresholds(value, field.config.thresholds.steps);
    return { text, colour: theme.visualization.getColorByName(color) };
  }
  const display = field.display(value);
  return { text: formattedValueToString(display), colour: display.color };
}

// A value holds until the next one, and the last one of a series for one step.
function runsOf({ time, field }, options, theme) {
  const step = time.config.interval ?? 15000;
  const runs = [];
  let previous = null;
  Array.from(field.values, (value, at) => ({ value, at: time.values[at] })).forEach(({ value, at }) => {
    const isGap = previous !== null && at - previous > 1.5 * step;
    previous = at;
    const last = runs.at(-1);
    if (last) last.end = isGap ? Math.min(at, last.end) : at;
    if (value === null || value === undefined) {
      if (last && !last.isClosed) last.isClosed = true;
      return;
    }
    const shown = shownOf(field, value, options, theme);
    if (options.mergeValues !== false && last && !last.isClosed && !isGap && last.text === shown.text) {
      last.end = at + step;
      return;
    }
    runs.push({ ...shown, number: typeof value === 'number' ? value : null, begin: at, end: at + step });
  });
  return runs;
}

const measure = document.createElement('canvas').getContext('2d');
function widthOf(text, theme) {
  measure.font = `${FONT}px ${theme.typography.fontFamily}`;
  return Math.ceil(measure.measureText(text).width);
}
const shortened = (name) => (name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name);

function Times({ from, to, left, width, theme }) {
  const format = to - from < 30 * 60_000 ? 'HH:mm:ss' : 'HH:mm';
  const count = Math.max(1, Math.floor(width / 100));
  const style = {
    position: 'absolute',
    bottom: 0,
    fontSize: FONT,
    color: theme.colors.text.secondary,
    transform: 'translateX(-50%)',
  };
  return Array.from({ length: count }, (_, index) => {
    const share = (index + 0.5) / count;
    const time = dateTimeFormat(from + share * (to - from), { format, timeZone: 'utc' });
    return (
      <span key={index} style={{ ...style, left: left + share * width }}>
        {time}
      </span>
    );
  });
}

export function Timeline({ id, data, options, width, height, timeRange }) {
  const theme = useTheme2();
  const all = data.series.flatMap((frame) =>
    frame.fields
      .filter(({ type }) => type !== FieldType.time)
      .map((field) => ({
        time: frame.fields[0],
        field,
        name: getFieldDisplayName(field, frame, data.series),
      })),
  );
  const rows = options.perPage ? all.slice(0, options.perPage) : all;
  const [from, to] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const tall = Math.max(1, (height - AXIS) / rows.length);
  const left = Math.max(...rows.map(({ name }) => widthOf(shortened(name), theme))) + 8;
  const place = (time) => left + Math.min(1, Math.max(0, (time - from) / (to - from))) * (width - left);
  const drawn = rows.map((row) => ({ ...row, runs: runsOf(row, options, theme) }));
  note(id, {
    row_height: tall,
    rows: all.length,
    values: drawn.flatMap(({ name, runs }, row) =>
      runs.map((run) => ({ ...run, name, row, begin: run.begin / 1000, end: run.end / 1000 })),
    ),
    cut: [
      ...rows
        .filter(({ name }) => name.length > LONGEST || tall < FONT)
        .map(({ name }) => ({ text: name, where: 'name', kind: 'row' })),
      ...(rows.length < all.length
        ? [{ text: `${all.length - rows.length} rows`, where: 'page', kind: 'below' }]
        : []),
    ],
  });
  const bar = (run, index) => {
    const wide = Math.max(1, place(run.end) - place(run.begin));
    const isWritten =
      options.showValue !== 'never' &&
      (options.showValue === 'always' || wide > widthOf(run.text, theme) + 8);
    const style = {
      position: 'absolute',
      left: place(run.begin),
      width: wide,
      height: '100%',
      fontSize: FONT,
      overflow: 'hidden',
      paddingLeft: isWritten ? 4 : 0,
      boxSizing: 'border-box',
      whiteSpace: 'nowrap',
      display: 'flex',
      alignItems: 'center',
      color: theme.colors.getContrastText(run.colour ?? '#888'),
      background: tinycolor(run.colour).setAlpha(0.85).toRgbString(),
    };
    return (
      <span key={index} title={run.text} style={style}>
        {isWritten ? run.text : ''}
      </span>
    );
  };
  return (
    <div style={{ position: 'relative', width, height, overflow: 'hidden' }}>
      {drawn.map(({ name, runs }, row) => (
        <div
          key={row}
          style={{
            position: 'absolute',
            top: row * tall + (tall * (1 - options.rowHeight)) / 2,
            height: tall * (options.rowHeight ?? 0.9),
            left: 0,
            width,
          }}
        >
          <span
            style={{
              position: 'absolute',
              left: 0,
              width: left - 8,
              textAlign: 'right',
              fontSize: FONT,
              whiteSpace: 'nowrap',
              top: '50%',
              transform: 'translateY(-50%)',
            }}
          >
            {shortened(name)}
          </span>
          {runs.map(bar)}
        </div>
      ))}
      {marksIn(data)
        .flatMap(({ begin, end, colour }) => (end ? [begin, end] : [begin]).map((at) => [at, colour]))
        .map(([at, colour], index) => (
          <span
            key={index}
            style={{
              position: 'absolute',
              left: place(at),
              top: 0,
              height: height - AXIS,
              borderLeft: `1px dashed ${theme.visualization.getColorByName(colour ?? 'red')}`,
            }}
          />
        ))}
      <Times from={from} to={to} left={left} width={width - left} theme={theme} />
    </div>
  );
}
