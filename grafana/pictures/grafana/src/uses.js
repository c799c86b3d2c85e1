// Which overrides found a field and which mappings a value, and what is shown as it is though its field has
// mappings.
import {
  FieldType,
  MappingType,
  fieldMatchers,
  formattedValueToString,
  getDisplayProcessor,
} from '@grafana/data';
import { config } from '@grafana/runtime';
import { mergedByThresholds, mergesThresholds } from './timeline.jsx';

const nameOf = ({ id, options }) =>
  id === 'byName' ? String(options) : `${id} ${JSON.stringify(options ?? '')}`;

const matches = ({ id, options }, field, frame, frames) =>
  fieldMatchers.get(id).get(options)(field, frame, frames);

// The parts of which a field's mappings consist: each with a name, and alone in a list as if there were no
// other.
const partsOf = (mappings) =>
  mappings.flatMap((mapping) =>
    mapping.type === MappingType.ValueToText
      ? Object.entries(mapping.options).map(([value, result]) => [
          value,
          [{ ...mapping, options: { [value]: result } }],
        ])
      : [
          [
            `${mapping.type} ${JSON.stringify(mapping.options.match ?? mapping.options.pattern ?? [mapping.options.from, mapping.options.to])}`,
            [mapping],
          ],
        ],
  );

// Whether one of the mappings maps a value: all of them are given a text that no value has.
const MAPPED = '\u0000';
const marked = (mapping) =>
  mapping.type === MappingType.ValueToText
    ? {
        ...mapping,
        options: Object.fromEntries(Object.keys(mapping.options).map((value) => [value, { text: MAPPED }])),
      }
    : { ...mapping, options: { ...mapping.options, result: { text: MAPPED } } };
function mapper(field, mappings) {
  const display = getDisplayProcessor({
    field: { ...field, config: { ...field.config, mappings: mappings.map(marked) } },
    theme: config.theme2,
  });
  return (value) => display(value).text === MAPPED;
}

// A tile in the place of all values that are absent is mapped like a value that is null.
function noteNothing(defaults, mappings) {
  const field = { type: FieldType.other, config: defaults };
  for (const [part, alone] of partsOf(defaults.mappings ?? [])) {
    if (mapper(field, alone)(null)) mappings[`all: ${part}`] = true;
  }
}

export function usesIn(frames, fieldConfig, options) {
  const fields = frames.flatMap((frame) => frame.fields.map((field) => ({ field, frame })));
  const overrides = {};
  const mappings = {};
  const unmapped = new Set();
  const owners = new Map();
  for (const { matcher, properties } of fieldConfig.overrides ?? []) {
    const found = fields.filter(({ field, frame }) => matches(matcher, field, frame, frames));
    overrides[nameOf(matcher)] = found.length > 0 || Boolean(overrides[nameOf(matcher)]);
    const own = properties.find(({ id }) => id === 'mappings')?.value;
    if (!own) continue;
    for (const [part] of partsOf(own)) mappings[`${nameOf(matcher)}: ${part}`] ??= false;
    for (const { field } of found) owners.set(field, nameOf(matcher));
  }
  for (const [part] of partsOf(fieldConfig.defaults?.mappings ?? [])) mappings[`all: ${part}`] = false;
  for (const { field } of fields) {
    const own = field.config.mappings ?? [];
    if (!own.length || field.type === FieldType.time) continue;
    const values = [...new Set(field.values)];
    const parts = partsOf(own);
    const isMerged = mergesThresholds(field, options);
    for (const [part, alone] of parts) {
      if (!isMerged && values.some(mapper(field, alone)))
        mappings[`${owners.get(field) ?? 'all'}: ${part}`] = true;
    }
    const names = own
      .filter(({ type }) => type === MappingType.ValueToText)
      .flatMap((each) => Object.keys(each.options));
    const isForMissing = names.every((each) => Number(each) < 0); // and numbers stay numbers
    if (names.length < 2 || isForMissing) continue;
    const isMapped = mapper(field, own);
    for (const value of values.filter((each) => isMerged || !isMapped(each))) {
      if (value === null || value === undefined) continue;
      unmapped.add(
        isMerged
          ? mergedByThresholds(value, field.config.thresholds.steps).text
          : formattedValueToString(field.display(value)),
      );
    }
  }
  if (options.reduceOptions && !fields.length) noteNothing(fieldConfig.defaults ?? {}, mappings);
  return { overrides, mappings, unmapped: [...unmapped] };
}
