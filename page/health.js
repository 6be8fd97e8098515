/** What `greenlight status` says, certificates, deployments and the last log lines. */
import { h, show, table } from './dom.js';
import { clockTime, short, t } from './text.js';

const LINES = 200;
const DAY = 86_400_000;
/** Days left from which a certificate stands out. The server's is renewed by itself, well before. */
const SOON = { thing: 30, ca: 365, server: 3 };
const LEVELS = { info: 0, warn: 1, error: 2 };

export class Health {
  #place;
  #state;
  #slow = h('div');
  #log = h('ul', { class: 'log', tabindex: '0' });
  #least = 'info';

  constructor(place) {
    this.#place = place;
  }

  draw(state) {
    this.#state = state;
    this.#log.setAttribute('aria-label', t('log'));
    this.#place.replaceChildren(this.#slow, this.#levels(), this.#log);
    this.#fill();
    this.update();
  }

  log(lines) {
    this.#state.log = [...this.#state.log, ...lines].slice(-LINES);
    this.#log.querySelector('.empty')?.remove();
    this.#log.prepend(...this.#lines(lines));
    while (this.#log.children.length > LINES) this.#log.lastChild.remove();
    if (this.#log.children.length === 0) this.#fill();
  }

  update() {
    const { status, certificates, deployments, things } = this.#state;
    const key = JSON.stringify([status.parts, certificates, deployments, document.documentElement.lang]);
    show(this.#slow, key, () => {
      const isThing = ({ name, kind }) => things.some((thing) => thing.name === name && thing.role === kind);
      const functions = status.parts.filter(({ kind }) => kind === 'function');
      const others = status.parts.filter((part) => part.kind !== 'function' && !isThing(part));
      return h(
        'div',
        { class: 'split' },
        h('div', {}, h('h3', { class: 'minor' }, t('parts')), partsTable(others)),
        h(
          'div',
          {},
          h('h3', { class: 'minor' }, t('functions')),
          functions.length > 0 ? functionsTable(functions) : h('p', { class: 'soft' }, t('nofunctions')),
          h('h3', { class: 'minor' }, t('certificates')),
          certificates.length > 0 ? certificatesTable(certificates) : h('p', { class: 'soft' }, t('nocore')),
          h('h3', { class: 'minor' }, t('deployments')),
          deployments.length > 0
            ? deploymentsTable(deployments)
            : h('p', { class: 'soft' }, t('nodeployments')),
        ),
      );
    });
  }

  #levels() {
    const buttons = Object.keys(LEVELS).map((level) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(this.#least === level),
          'data-level': level,
          onclick: (event) => {
            this.#least = level;
            for (const each of event.currentTarget.parentElement.children)
              each.setAttribute('aria-pressed', String(each.dataset.level === level));
            this.#fill();
          },
        },
        t(`from${level}`),
      ),
    );
    return h(
      'div',
      { class: 'row loghead' },
      h('h3', { class: 'minor' }, t('log')),
      h('div', { class: 'row', role: 'group', 'aria-label': t('levels') }, buttons),
    );
  }

  #fill() {
    const lines = this.#lines(this.#state.log);
    this.#log.replaceChildren(...(lines.length > 0 ? lines : [h('li', { class: 'soft empty' }, t('nolog'))]));
  }

  /** Newest first. */
  #lines(lines) {
    return lines
      .filter(({ level }) => LEVELS[level] >= LEVELS[this.#least])
      .map(({ at, level, part, message }) =>
        h(
          'li',
          { class: level },
          h('span', { class: 'soft mono' }, clockTime(at)),
          h('b', { class: `level ${level === 'info' ? 'soft' : level}` }, level),
          h('span', {}, part ? h('span', { class: 'soft' }, `${part}: `) : '', message),
        ),
      )
      .reverse();
  }
}

function partsTable(parts) {
  return table(
    t('parts'),
    [t('name'), t('kind'), t('state'), t('figures')],
    parts.map(({ name, kind, state, cause, figures }) => [
      h('th', { scope: 'row' }, name),
      kind,
      pill(state),
      h('td', { class: 'soft long' }, cause && h('span', { class: 'cause' }, `${cause} `), words(figures)),
    ]),
  );
}

function functionsTable(functions) {
  const counters = ['restarts', 'invocations', 'errors'];
  const number = (key) => h('th', { scope: 'col', class: 'num' }, t(key));
  return table(
    t('functions'),
    [t('name'), t('state'), number('memory'), ...counters.map(number)],
    functions.map(({ name, state, cause, figures = {} }) => [
      h('th', { scope: 'row' }, name, cause && h('span', { class: 'cause' }, cause)),
      pill(state),
      // a builtin one runs in the core itself
      h(
        'td',
        { class: 'num', 'data-figure': 'memory', title: figures.builtin && t('inprocess') },
        memory(figures),
      ),
      ...counters.map((key) =>
        h(
          'td',
          { class: `num ${key === 'errors' && figures[key] ? 'error' : ''}` },
          String(figures[key] ?? 0),
        ),
      ),
    ]),
  );
}

/** Those that end first come first. */
function certificatesTable(certificates) {
  const left = ({ expiresAt }) => (expiresAt === null ? Infinity : Date.parse(expiresAt) - Date.now());
  const sorted = [...certificates].sort((a, b) => left(a) - left(b)).slice(0, 100);
  return table(
    t('certificates'),
    [t('name'), t('ends'), h('th', { scope: 'col', class: 'num' }, t('days'))],
    sorted.map((certificate) => {
      const { kind, name, expiresAt, revoked } = certificate;
      const days = Math.floor(left(certificate) / DAY);
      return [
        h('th', { scope: 'row' }, kind === 'thing' ? name : t(`certificate${kind}`)),
        expiresAt === null ? '–' : new Date(expiresAt).toISOString().slice(0, 10),
        revoked
          ? h('td', { class: 'num error' }, t('revoked'))
          : h(
              'td',
              { class: `num ${days < SOON[kind] ? 'differs' : ''}` },
              expiresAt === null ? '–' : String(days),
            ),
      ];
    }),
  );
}

function deploymentsTable(deployments) {
  return table(
    t('deployments'),
    [t('time'), t('kind'), t('by'), t('state')],
    deployments.map(({ createdAt, type, by, status, errorMessage }) => [
      clockTime(createdAt),
      type,
      by,
      h(
        'td',
        {},
        h('span', { class: status === 'Failure' ? 'error' : '' }, status),
        errorMessage && h('span', { class: 'cause' }, errorMessage),
      ),
    ]),
  );
}

function pill(state) {
  return h('td', {}, h('span', { class: `pill ${state}` }, t(state)));
}

/** What it has, of what it may have. */
function memory({ memoryMb, memoryLimitMb }) {
  if (typeof memoryMb !== 'number') return '–';
  return `${Math.round(memoryMb * 10) / 10}${memoryLimitMb ? ` / ${memoryLimitMb}` : ''} MB`;
}

function words(figures = {}) {
  const told = Object.entries(figures)
    .filter(([, value]) => !['object', 'boolean'].includes(typeof value) && value !== 0 && value !== '')
    .map(([name, value]) => `${name} ${value}`);
  return short(told.join(', '), 160);
}
