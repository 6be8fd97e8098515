/** Elements from plain descriptions. Text is always text: nothing that came over the wire becomes markup. */
const SVG = 'http://www.w3.org/2000/svg';

export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false),
  );
  return element;
}

/** Tables that are wider than their place can be reached, and so scrolled, by keyboard; others are no stop on the way. */
const wide = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
    else target.removeAttribute('tabindex');
  }
});

/** @param columns texts or `th` @param rows of texts or cells */
export function table(label, columns, rows) {
  const head = columns.map((column) =>
    column instanceof Element ? column : h('th', { scope: 'col' }, column),
  );
  const isCell = (cell) => cell instanceof Element && /^T[DH]$/.test(cell.tagName);
  const body = rows.map((row) =>
    h(
      'tr',
      {},
      row.map((cell) => (isCell(cell) ? cell : h('td', {}, cell))),
    ),
  );
  const place = h(
    'div',
    { class: 'tablewrap', role: 'region', 'aria-label': label },
    h('table', {}, h('thead', {}, h('tr', {}, head)), h('tbody', {}, body)),
  );
  wide.observe(place);
  return place;
}

/** Puts new children only where they differ, so that focus and scrolling stay. */
export function show(place, key, make) {
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...[make()].flat(Infinity).filter(Boolean));
}

export async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

export function json(value) {
  return value === undefined ? '' : JSON.stringify(value);
}
