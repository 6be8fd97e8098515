/** Cars: totals, the next batch, what waits for the cloud and when it last took something; the last batches. */
import { h, show, table } from './dom.js';
import { age, clockTime, t } from './text.js';

const SHOWN = 6;
/** Of a batch that counts fewer greens, each is drawn. */
const DOTS = 20;

export class Cars {
  #place;
  #state;
  #figures = h('div');
  #ways = h('div');
  #batches = h('div');

  constructor(place) {
    this.#place = place;
    setInterval(() => this.#state && this.#ages(), 5000);
  }

  draw(state) {
    this.#state = state;
    this.#place.replaceChildren(this.#figures, this.#ways, this.#batches);
    this.update();
  }

  green({ thing, totals, batch }) {
    const { cars } = this.#state;
    const known = cars.totals.find((each) => each.thing === thing);
    if (known) known.totals = totals;
    else cars.totals.push({ thing, totals });
    if (batch) {
      const row = {
        Time: new Date(batch.at).toISOString().replace('T', ' ').replace('Z', '000'),
        Thing: thing,
        Window: batch.window,
        TotalTraffic: batch.totalTraffic,
        TotalGreenlights: batch.totalGreenlights,
        MinCarsPassing: batch.minCars,
        MaxCarsPassing: batch.maxCars,
      };
      cars.rows = [...cars.rows.slice(-99), row];
    }
    this.update();
  }

  update() {
    const { cars, functions, status } = this.#state;
    const language = document.documentElement.lang;
    show(this.#figures, JSON.stringify([cars.totals, language]), () =>
      cars.totals.length === 0
        ? h('p', { class: 'soft' }, t(functions.some(({ watch }) => watch) ? 'nocarsyet' : 'nocars'))
        : cars.totals.map((each) => totalsOf(each, functions)),
    );
    const ways = status.parts.filter(({ kind }) => kind === 'spool' || kind === 'cloud');
    const seen = ways.map(({ name, state, cause, figures }) => [name, state, cause, figures]);
    show(this.#ways, JSON.stringify([seen, language]), () => h('div', { class: 'ways' }, waysOf(ways)));
    show(this.#batches, JSON.stringify([cars.rows.at(-1), language]), () => batches(cars.rows));
    this.#ages();
  }

  #ages() {
    for (const element of this.#place.querySelectorAll('[data-moment]'))
      element.textContent = age(Date.now() - Number(element.dataset.moment));
  }
}

function totalsOf({ thing, totals }, functions) {
  const every = functions.find((each) => each.watch === thing)?.batchEvery;
  const left = every === undefined ? undefined : every - (totals.totalGreenlights % every);
  const dots = every !== undefined && every <= DOTS;
  return h(
    'div',
    { class: 'counted' },
    h('h3', {}, thing),
    h(
      'div',
      { class: 'figures' },
      figure('total', totals.totalTraffic),
      figure('greens', totals.totalGreenlights),
      figure('least', totals.minCars ?? '–'),
      figure('most', totals.maxCars ?? '–'),
    ),
    left !== undefined &&
      h(
        'p',
        { class: 'next' },
        dots &&
          h(
            'span',
            { class: 'dots', 'aria-hidden': 'true' },
            '●'.repeat(every - left) + '○'.repeat(left),
            ' ',
          ),
        t(left === 1 ? 'next1' : 'next', { n: left }),
      ),
  );
}

/** Every way out of the site: how much waits, and when something last arrived. */
function waysOf(ways) {
  if (ways.length === 0) return h('p', { class: 'soft' }, t('nocloud'));
  return table(
    t('ways'),
    [
      t('name'),
      t('state'),
      t('spool'),
      t('lastwrite'),
      h('th', { scope: 'col', class: 'num' }, t('delivered')),
    ],
    ways.map(({ name, state, cause, figures }) => [
      h('th', { scope: 'row' }, name, cause && h('span', { class: 'cause' }, cause)),
      h('td', {}, h('span', { class: `pill ${state}` }, t(state))),
      h('td', { 'data-figure': 'spool' }, waiting(figures)),
      figures.lastWrite
        ? h('td', {
            'data-figure': 'lastwrite',
            'data-moment': Date.parse(figures.lastWrite),
            title: figures.lastWrite,
          })
        : h('td', { class: 'soft', 'data-figure': 'lastwrite' }, t('never')),
      h('td', { class: 'num' }, figures.delivered === undefined ? '–' : String(figures.delivered)),
    ]),
  );
}

function waiting({ queued, bytes }) {
  if (!queued && !bytes) return t('nothingwaits');
  return [queued !== undefined && String(queued), bytes !== undefined && `${(bytes / 1024).toFixed(1)} KB`]
    .filter(Boolean)
    .join(' · ');
}

function batches(rows) {
  if (rows.length === 0) return '';
  const head = ['time', 'batch', 'total', 'greens', 'least', 'most'];
  const cells = ({ Window, TotalTraffic, TotalGreenlights, MinCarsPassing, MaxCarsPassing }) =>
    [Window, TotalTraffic, TotalGreenlights, MinCarsPassing, MaxCarsPassing].map((n) =>
      h('td', { class: 'num' }, String(n)),
    );
  return [
    h('h3', { class: 'minor' }, t('batches')),
    table(
      t('batches'),
      head.map((key, i) => h('th', { scope: 'col', class: i > 0 && 'num' }, t(key))),
      rows
        .slice(-SHOWN)
        .reverse()
        .map((row) => [h('td', { title: `${row.Time} UTC` }, clockTime(timeOf(row))), ...cells(row)]),
    ),
  ];
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
