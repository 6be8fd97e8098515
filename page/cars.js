/** Cars: totals, batches, what waits for the cloud; charts when they come into view. */
import { h, show, table } from './dom.js';
import { age, t } from './text.js';

const POINTS = 600;
const SERIES = 6;

export class Cars {
  #place;
  #state;
  #figures = h('div');
  #batches = h('div');
  #charts = h('div', { class: 'split' });
  #telemetry = new Map();
  #chartOf = new Map();
  #uplot;
  #visible = false;
  #due = false;

  constructor(place) {
    this.#place = place;
    new IntersectionObserver(([entry]) => {
      this.#visible = entry.isIntersecting;
      if (this.#visible) this.#later();
    }).observe(place);
  }

  draw(state) {
    this.#state = state;
    for (const chart of this.#chartOf.values()) chart.plot.destroy();
    this.#chartOf.clear();
    this.#charts.replaceChildren();
    this.#place.replaceChildren(
      this.#figures,
      this.#charts,
      this.#batches,
      h('p', {}, h('a', { href: '/api/cars.csv', download: 'CarStats.csv' }, t('download'))),
    );
    this.update();
    this.#later();
  }

  green({ thing, totals, batch }) {
    const { cars } = this.#state;
    const known = cars.totals.find((each) => each.thing === thing);
    if (known) known.totals = totals;
    else cars.totals.push({ thing, totals });
    if (batch) {
      const time = new Date(batch.at).toISOString().replace('T', ' ').replace('Z', '000');
      cars.rows = [
        ...cars.rows.slice(-99),
        {
          Time: time,
          Thing: thing,
          Window: batch.window,
          TotalTraffic: batch.totalTraffic,
          TotalGreenlights: batch.totalGreenlights,
          MinCarsPassing: batch.minCars,
          MaxCarsPassing: batch.maxCars,
        },
      ];
    }
    this.update();
    this.#later();
  }

  /** Numbers that a thing reports become a curve. */
  measured(thing, state) {
    for (const [name, value] of Object.entries(state)) {
      if (typeof value !== 'number' || /at$|count|detections|blink/i.test(name)) continue;
      const key = `${thing} ${name}`;
      if (!this.#telemetry.has(key) && this.#telemetry.size >= SERIES) continue;
      const points = this.#telemetry.get(key) ?? [];
      points.push([Date.now() / 1000, value]);
      if (points.length > POINTS) points.shift();
      this.#telemetry.set(key, points);
      this.#later();
    }
  }

  update() {
    const { cars, functions, status } = this.#state;
    const waiting = status.parts
      .filter(({ figures = {} }) => 'delivered' in figures && typeof figures.bytes === 'number')
      .map(({ figures }) => figures.bytes);
    const key = JSON.stringify([cars.totals, cars.rows.at(-1), waiting, document.documentElement.lang]);
    show(this.#figures, key, () => {
      if (cars.totals.length === 0) return h('p', { class: 'soft' }, t('nocars'));
      return cars.totals.flatMap(({ thing, totals }) => {
        const every = functions.find((each) => each.watch === thing)?.batchEvery;
        const left = every === undefined ? undefined : every - (totals.totalGreenlights % every);
        const last = cars.rows.findLast((row) => row.Thing === thing);
        return [
          h('h3', {}, thing),
          h(
            'div',
            { class: 'figures' },
            figure('total', totals.totalTraffic),
            figure('greens', totals.totalGreenlights),
            figure('least', totals.minCars ?? '–'),
            figure('most', totals.maxCars ?? '–'),
            last && figure('lastwrite', age(Date.now() - timeOf(last))),
            waiting.length > 0 &&
              figure('spool', `${(waiting.reduce((a, b) => a + b, 0) / 1024).toFixed(1)} KB`),
          ),
          left !== undefined &&
            h(
              'p',
              { id: 'next-batch' },
              h(
                'span',
                { class: 'dots', 'aria-hidden': 'true' },
                '●'.repeat(every > 20 ? 0 : every - left) + '○'.repeat(every > 20 ? 0 : left),
              ),
              ' ',
              t(left === 1 ? 'next1' : 'next', { n: left }),
            ),
        ];
      });
    });
    show(this.#batches, JSON.stringify([cars.rows.at(-1), document.documentElement.lang]), () =>
      cars.rows.length === 0
        ? ''
        : table(
            t('batch'),
            [t('time'), t('batch'), t('total'), t('greens'), t('least'), t('most')],
            cars.rows
              .slice(-6)
              .reverse()
              .map((row) => [
                row.Time.slice(0, 19),
                ...[
                  row.Window,
                  row.TotalTraffic,
                  row.TotalGreenlights,
                  row.MinCarsPassing,
                  row.MaxCarsPassing,
                ].map((n) => h('td', {}, String(n))),
              ]),
          ),
    );
  }

  #later() {
    if (this.#due || !this.#visible) return;
    this.#due = true;
    setTimeout(() => {
      this.#due = false;
      this.#plot();
    }, 500);
  }

  async #plot() {
    const { rows } = this.#state.cars;
    if (rows.length < 2 && ![...this.#telemetry.values()].some((points) => points.length > 1)) return;
    this.#uplot ??= import('./uplot.js').then((module) => {
      document.head.append(h('link', { rel: 'stylesheet', href: 'uplot.css' }));
      return module.default;
    });
    const UPlot = await this.#uplot;
    const lights = new Set(rows.map((row) => row.Thing));
    for (const thing of lights) {
      const own = rows.filter((row) => row.Thing === thing);
      if (own.length > 1)
        this.#chart(UPlot, `${t('chart')}: ${thing}`, [
          own.map((row) => timeOf(row) / 1000),
          own.map((row) => row.TotalTraffic),
        ]);
    }
    for (const [name, points] of this.#telemetry) {
      if (points.length > 1) this.#chart(UPlot, name, [points.map(([x]) => x), points.map(([, y]) => y)]);
    }
  }

  #chart(UPlot, title, data) {
    const known = this.#chartOf.get(title);
    if (known) {
      known.plot.setData(data);
      return;
    }
    const place = h('div', { class: 'chart', role: 'img', 'aria-label': title });
    this.#charts.append(h('div', {}, h('h3', { class: 'minor' }, title), place));
    const style = getComputedStyle(document.documentElement);
    // canvas knows no light-dark(): a probe resolves it
    const probe = h('span', { class: 'soft' });
    this.#charts.append(probe);
    const ink = getComputedStyle(probe).color;
    probe.remove();
    const axis = { stroke: ink, grid: { stroke: '#8884', width: 1 }, ticks: { stroke: '#8884' } };
    const plot = new UPlot(
      {
        width: Math.max(260, Math.min(place.clientWidth, 700)),
        height: 190,
        legend: { show: false },
        cursor: { show: false },
        axes: [axis, { ...axis, size: 60 }],
        series: [
          {},
          {
            stroke: style.colorScheme.includes('dark') && ink ? '#2fae6b' : '#0b6b3c',
            width: 2,
            fill: '#2fae6b22',
          },
        ],
      },
      data,
      place,
    );
    this.#chartOf.set(title, { plot });
  }
}

function figure(key, value) {
  return h(
    'p',
    { class: 'figure', 'data-figure': key },
    h('b', {}, String(value)),
    h('span', { class: 'soft' }, t(key)),
  );
}

/** `YYYY-MM-DD HH:MM:SS.mmm000`, UTC. */
function timeOf(row) {
  return Date.parse(`${row.Time.slice(0, 23).replace(' ', 'T')}Z`);
}
