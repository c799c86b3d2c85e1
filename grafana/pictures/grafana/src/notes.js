// What panels note about themselves while they are drawn, for the report.
const NOTES = new Map();

export const note = (id, facts) => {
  NOTES.set(id, { ...NOTES.get(id), ...facts });
};
export const notesOf = (id) => NOTES.get(id) ?? {};
