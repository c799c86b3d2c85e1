// Where a click on a cell leads.
export const getCellLinks = (field, valueRowIndex) =>
  (field.getLinks?.({ valueRowIndex }) ?? []).map(({ href }) => href).filter(Boolean);
