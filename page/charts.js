/** Curves of what is kept: cars, and what sensors measured. Asked for when they come into view, and again now and then. */
import { h } from './dom.js';
import { t } from './text.js';

const RANGES = ['1h', '1d', '7d'];
/** Time in ms between two questions: as often as the shortest range has a new point. */
const EVERY_MS = 15_000;
/** Things whose telemetry is drawn; the others can be downloaded. */
const THINGS = 8;
const HEIGHT = 180;
const INK = { line: '#23995a', band: '#23995a33', least: '#23995a55' };

export class Charts {
  #place;
  #body = h('div', { class: 'charts' });
  #downloads = h('p', { class: 'row downloads' });
  #note = h('p', { class: 'soft' });
  #plots = new Map();
  #range = '1h';
  #seen;
  #visible = false;
  #ready = false;
  #asking;
  #uplot;

  constructor(place) {
    this.#place = place;
    this.#seen = new IntersectionObserver((entries) => {
      this.#visible = entries.at(-1).isIntersecting;
      this.#ask();
    });
    setInterval(() => this.#ask(), EVERY_MS);
    new ResizeObserver(() => {
      for (const { plot, element } of this.#plots.values())
        plot.setSize({ width: element.clientWidth, height: HEIGHT });
    }).observe(this.#body);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  draw() {
    const buttons = RANGES.map((range) =>
      h(
        'button',
        { type: 'button', 'data-range': range, onclick: () => this.#choose(range) },
        t(`range${range}`),
      ),
    );
    this.#place.replaceChildren(
      h('div', { class: 'row', role: 'group', 'aria-label': t('range') }, buttons),
      this.#note,
      this.#body,
      this.#downloads,
    );
    // asked anew: until the sections above are drawn, everything is in view
    this.#seen.disconnect();
    this.#visible = false;
    this.#ready = true;
    this.redraw();
    this.#seen.observe(this.#place);
  }

  /** A batch was written. */
  changed() {
    this.#ask();
  }

  /** With other colours or texts. */
  redraw() {
    this.#forget();
    if (this.#ready) this.#choose(this.#range);
  }

  #forget() {
    for (const { plot } of this.#plots.values()) plot.destroy();
    this.#plots.clear();
    this.#body.replaceChildren();
  }

  #choose(range) {
    if (range !== this.#range) this.#forget();
    this.#range = range;
    for (const button of this.#place.querySelectorAll('[data-range]'))
      button.setAttribute('aria-pressed', String(button.dataset.range === range));
    this.#ask();
  }

  /** One question at a time; what was chosen meanwhile is asked for after it. */
  #ask() {
    if (!this.#ready || !this.#visible || document.hidden || this.#asking) return;
    const range = this.#range;
    this.#asking = this.#fetch(range)
      .catch(({ message }) => {
        this.#note.textContent = message;
      })
      .finally(() => {
        this.#asking = undefined;
        if (range !== this.#range) this.#ask();
      });
  }

  async #fetch(range) {
    const [cars, { things }] = await Promise.all([get(`cars?range=${range}`), get('things')]);
    const curves = await Promise.all(
      things
        .slice(0, THINGS)
        .map(async (thing) => ({ thing, ...(await get(`things/${thing}?range=${range}`)) })),
    );
    if (range !== this.#range) return;
    const charts = [...carCharts(cars), ...curves.flatMap(sensorCharts)].map(fromItsBeginning);
    if (charts.length > 0 && this.#uplot === undefined) this.#uplot = await library();
    for (const chart of charts) this.#chart(chart);
    const figures = charts.map(({ title }) => this.#plots.get(title).element.parentElement);
    if (figures.some((figure, i) => this.#body.children[i] !== figure)) this.#body.append(...figures);
    const wanted = new Set(charts.map(({ title }) => title));
    for (const [title, { plot, element }] of this.#plots) {
      if (wanted.has(title)) continue;
      plot.destroy();
      element.parentElement.remove();
      this.#plots.delete(title);
    }
    this.#note.textContent = charts.length === 0 ? t('nocurves') : '';
    const link = (href, name) => h('a', { href, download: name }, name);
    this.#downloads.replaceChildren(
      h('span', {}, t('download')),
      link('/api/cars.csv', 'CarStats.csv'),
      ...things.map((thing) => link(`/api/history/things/${thing}.csv?range=${range}`, `${thing}.csv`)),
    );
  }

  #chart({ title, data, from, to, band }) {
    const known = this.#plots.get(title);
    if (known) {
      known.range.from = from;
      known.range.to = to;
      known.plot.setData(data);
      known.plot.setLegend({ idx: data[0].length - 1 });
      describe(known.element, title, data);
      return;
    }
    const element = h('div', { class: 'chart', role: 'img' });
    describe(element, title, data);
    this.#body.append(h('figure', {}, h('figcaption', { class: 'minor' }, title), element));
    const range = { from, to };
    // canvas knows no light-dark(): the element's own colour is resolved
    const ink = getComputedStyle(element).color;
    const axis = { stroke: ink, grid: { stroke: '#8883', width: 1 }, ticks: { stroke: '#8883' } };
    const line = (label, width, stroke, more = {}) => ({
      label,
      width,
      stroke,
      points: { size: 4 },
      ...more,
    });
    const plot = new this.#uplot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: true, live: true },
        cursor: { y: false, drag: { x: false, y: false } },
        scales: { x: { range: () => [range.from / 1000, range.to / 1000] }, y: { range: around } },
        axes: [
          { ...axis, space: 74, values: [...TIMES] },
          { ...axis, size: 52 },
        ],
        series: [
          {
            label: t('time'),
            value: (_, seconds) => (seconds === null ? '–' : new Date(seconds * 1000).toLocaleString()),
          },
          line(band ? t('mean') : t('value'), 2, INK.line, band ? {} : { fill: INK.band }),
          ...(band
            ? [
                line(t('lowest'), 1, INK.least, { points: { show: false } }),
                line(t('highest'), 1, INK.least, { points: { show: false } }),
              ]
            : []),
        ],
        bands: band ? [{ series: [3, 2], fill: INK.band }] : [],
      },
      data,
      element,
    );
    // the last value, until the pointer asks for another
    plot.setLegend({ idx: data[0].length - 1 });
    this.#plots.set(title, { plot, element, range });
  }
}

/** What has only begun to be kept fills its chart. */
function fromItsBeginning(chart) {
  const [first] = chart.data[0];
  return { ...chart, from: Math.max(chart.from, Math.min((first ?? 0) * 1000, chart.to - 120_000)) };
}

/** Hours and minutes as on a clock, days by number: without the twelve hours of one country. */
const TIMES = [
  [86_400 * 365, '{YYYY}', null, null, null, null, null, null, 1],
  [86_400 * 28, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [86_400, '{YYYY}-{MM}-{DD}', null, null, null, null, null, null, 1],
  [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, null, null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1],
];

/** A flat curve in the middle rather than on the floor of a range of its own size. */
function around(_, low, high) {
  if (low === null) return [0, 1];
  const room = Math.max((high - low) * 0.12, Math.abs(high) * 0.02, 0.5);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function carCharts({ things, from, to }) {
  return Object.entries(things).flatMap(([thing, { time, total, passed }]) => [
    { title: t('charttotal', { thing }), data: [time, total], from, to },
    { title: t('chartpassed', { thing }), data: [time, passed], from, to },
  ]);
}

function sensorCharts({ thing, fields, from, to }) {
  return Object.entries(fields).map(([name, { time, mean, least, most }]) => ({
    title: `${thing} ${name}`,
    data: [time, mean, least, most],
    from,
    to,
    band: true,
  }));
}

/** What the curve says, for whoever does not see it. */
function describe(element, title, [, values]) {
  const known = values.filter((value) => value !== null);
  const words =
    known.length === 0
      ? title
      : t('curve', {
          title,
          n: known.length,
          low: Math.min(...known),
          high: Math.max(...known),
          last: known.at(-1),
        });
  element.setAttribute('aria-label', words);
  element.dataset.points = known.length;
}

async function get(path) {
  const response = await fetch(`/api/history/${path}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

async function library() {
  document.head.append(h('link', { rel: 'stylesheet', href: 'uplot.css' }));
  return (await import('./uplot.js')).default;
}
