// The cells of a table that are in sight, with the field and the value that React drew each of.
import { getCellLinks } from './links.js';

function propsOf(element) {
  const key = Object.keys(element).find((name) => name.startsWith('__reactFiber$'));
  for (let fiber = element[key]; fiber; fiber = fiber.return) {
    const { cell, field, row } = fiber.memoizedProps ?? {};
    if (cell && field && row) return { cell, field, row };
  }
  return undefined;
}

const isColoured = ({ config }) => /^color-/.test(config.custom?.cellOptions?.type ?? '');

export function cellsOf(panel) {
  const table = panel.querySelector('[role="table"]');
  if (!table) return { values: [], row_height: 0, seen: 0 };
  const bottom = table.getBoundingClientRect().bottom;
  const headings = [...table.querySelectorAll('[role="columnheader"]')].map((each) => each.textContent);
  const all = [...table.querySelectorAll('[role="row"]')].filter((row) => row.querySelector('[role="cell"]'));
  const rows = all
    .filter((row) => row.getBoundingClientRect().bottom <= bottom + 1)
    .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top);
  const values = rows.flatMap((row, number) =>
    [...row.querySelectorAll('[role="cell"]')].map((element, column) => {
      const { cell, field, row: data } = propsOf(element);
      element.dataset.column = headings[column] ?? '';
      return {
        text: element.textContent,
        column: headings[column] ?? '',
        row: number,
        colour: isColoured(field) ? field.display(cell.value).color : '',
        number: typeof cell.value === 'number' && Number.isFinite(cell.value) ? cell.value : null,
        missing: cell.value === null || cell.value === undefined || Number.isNaN(cell.value),
        link: getCellLinks(field, data.index)[0] ?? '',
      };
    }),
  );
  return { values, row_height: rows[0]?.getBoundingClientRect().height ?? 0, seen: rows.length };
}
