// The annotations that a panel has got with its data.
export const marksIn = ({ annotations = [] }) =>
  annotations.flatMap((frame) => {
    const columns = Object.fromEntries(frame.fields.map((field) => [field.name, field.values]));
    return Array.from({ length: frame.length }, (_, row) => {
      const value = (name) => columns[name]?.[row];
      return {
        name: value('source')?.name ?? '',
        begin: value('time'),
        end: value('isRegion') ? value('timeEnd') : null,
        colour: value('color'),
        text: [value('title'), value('text')].filter(Boolean).join(': '),
      };
    });
  });
