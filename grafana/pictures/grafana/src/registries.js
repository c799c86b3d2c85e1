// The registries of @grafana/data that Grafana fills when it starts: options of fields, and transformations.
import * as data from '@grafana/data';

const PROCESSORS = {
  decimals: data.numberOverrideProcessor,
  displayName: data.displayNameOverrideProcessor,
  links: data.dataLinksOverrideProcessor,
  mappings: data.valueMappingsOverrideProcessor,
  max: data.numberOverrideProcessor,
  min: data.numberOverrideProcessor,
  noValue: data.stringOverrideProcessor,
  thresholds: data.thresholdsOverrideProcessor,
  unit: data.unitOverrideProcessor,
};
const OTHERS = ['color', 'description', 'fieldMinMax', 'filterable'];
const DEFAULTS = {
  thresholds: {
    mode: 'absolute',
    steps: [
      { value: -Infinity, color: 'green' },
      { value: 80, color: 'red' },
    ],
  },
};

export const option = (id, process = data.identityOverrideProcessor, defaultValue = undefined) => ({
  id,
  path: id,
  name: id,
  defaultValue,
  process,
  shouldApply: () => true,
  settings: {},
  editor: () => null,
  override: () => null,
});

export function fillRegistries() {
  const options = [...Object.keys(PROCESSORS), ...OTHERS].map((id) =>
    option(id, PROCESSORS[id], DEFAULTS[id]),
  );
  data.standardFieldConfigEditorRegistry.setInit(() => options);
  data.standardEditorsRegistry.setInit(() => []);
  const byId = new Map(Object.values(data.standardTransformers).map((each) => [each.id, each]));
  data.standardTransformersRegistry.setInit(() =>
    [...byId.values()].map((each) => ({
      id: each.id,
      name: each.name,
      transformation: each,
      editor: () => null,
      description: '',
    })),
  );
}
