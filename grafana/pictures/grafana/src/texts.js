// Which texts of a panel are cut by what surrounds them.
const TOLERANCE = 1; // pixel: letters and boxes are not rounded alike

const placeOf = (element) => {
  const cell = element.closest('[role="cell"], [role="columnheader"]');
  if (cell)
    return {
      kind: cell.role === 'cell' ? 'cell' : 'heading',
      where: cell.dataset.column ?? cell.textContent,
    };
  if (element.closest('[data-testid^="VizLegend"], [class*="Legend"]'))
    return { kind: 'legend', where: 'legend' };
  if (element.closest('[data-testid^="data-testid Panel header"] h2, h2'))
    return { kind: 'title', where: 'title' };
  return { kind: 'tile', where: 'tile' };
};

// The list of a table holds rows that are above or below what is seen of it; table.js names the columns of
// the others.
const isOutOfSight = (element) =>
  element.closest('[role="cell"]')?.dataset.column === undefined && element.closest('[role="cell"]') !== null;

const clips = (element) => getComputedStyle(element).overflowX !== 'visible';

// A text that ends in an ellipsis is measured as if it were only so long.
const isShortened = (around, node) =>
  getComputedStyle(around).textOverflow === 'ellipsis' &&
  around.textContent === node.textContent &&
  !around.querySelector('svg') && // an arrow beside it may be cut instead
  around.scrollWidth > around.clientWidth + TOLERANCE;

// What cuts a text: one of the elements around it, or nothing.
function cutter(node, panel) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const { left, right, width } = range.getBoundingClientRect();
  if (width === 0) return undefined;
  for (
    let around = node.parentElement;
    around && around !== panel.parentElement;
    around = around.parentElement
  ) {
    if (!clips(around)) continue;
    const { left: begin, right: end } = around.getBoundingClientRect();
    if (right > end + TOLERANCE || left < begin - TOLERANCE || isShortened(around, node)) return around;
  }
  return undefined;
}

export function cutTexts(panel) {
  const found = [];
  const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.textContent.trim() || isOutOfSight(node.parentElement)) continue;
    const around = cutter(node, panel);
    if (!around) continue;
    const place = placeOf(node.parentElement);
    // A column beside what is seen of its table: one can scroll to it.
    const isAside = around.querySelector('[role="row"]') !== null;
    found.push({ text: node.textContent, where: place.where, kind: isAside ? 'aside' : place.kind });
  }
  return found;
}
