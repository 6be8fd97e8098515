/** What `greenlight status` says, certificates, deployments and the last log lines. */
import { h, show, table } from './dom.js';
import { clockTime, t } from './text.js';

const LINES = 200;
const DAY = 86_400_000;

export class Health {
  #place;
  #state;
  #slow = h('div');
  #log = h('ul', { class: 'log', tabindex: '0' });
  #warningsOnly = false;

  constructor(place) {
    this.#place = place;
  }

  draw(state) {
    this.#state = state;
    const filter = (warnings) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(this.#warningsOnly === warnings),
          onclick: () => {
            this.#warningsOnly = warnings;
            this.draw(this.#state);
          },
        },
        t(warnings ? 'warnings' : 'all'),
      );
    this.#log.setAttribute('aria-label', t('log'));
    this.#log.replaceChildren(...this.#lines(state.log));
    this.#place.replaceChildren(
      this.#slow,
      h('div', { class: 'row' }, h('h3', { class: 'minor' }, t('log')), filter(false), filter(true)),
      this.#log,
    );
    this.update();
  }

  log(lines) {
    this.#state.log = [...this.#state.log, ...lines].slice(-LINES);
    this.#log.prepend(...this.#lines(lines));
    while (this.#log.children.length > LINES) this.#log.lastChild.remove();
  }

  update() {
    const { status, certificates, deployments, things } = this.#state;
    show(
      this.#slow,
      JSON.stringify([status.parts, certificates, deployments, document.documentElement.lang]),
      () => {
        const functions = status.parts.filter(({ kind }) => kind === 'function');
        const others = status.parts.filter(
          ({ name, kind }) =>
            kind !== 'function' && !things.some((thing) => thing.name === name && thing.role === kind),
        );
        return [
          h(
            'div',
            { class: 'split' },
            h(
              'div',
              {},
              h('h3', { class: 'minor' }, t('parts')),
              table(
                t('parts'),
                [t('name'), t('kind'), t('state'), t('cause'), t('figures')],
                others.map(({ name, kind, state, cause, figures }) => [
                  name,
                  kind,
                  pill(state),
                  cause ?? '',
                  h('td', { class: 'soft long' }, short(figures)),
                ]),
              ),
            ),
            h(
              'div',
              {},
              functions.length > 0 && [
                h('h3', { class: 'minor' }, t('functions')),
                table(
                  t('functions'),
                  [
                    t('name'),
                    t('state'),
                    t('memory'),
                    t('restarts'),
                    t('invocations'),
                    t('errors'),
                    t('cause'),
                  ],
                  functions.map(({ name, state, cause, figures = {} }) => [
                    name,
                    pill(state),
                    figures.memoryMb !== undefined ? `${figures.memoryMb} MB` : '–',
                    ...['restarts', 'invocations', 'errors'].map((key) =>
                      h('td', { class: 'num' }, String(figures[key] ?? 0)),
                    ),
                    cause ?? '',
                  ]),
                ),
              ],
              h('h3', { class: 'minor' }, t('certificates')),
              table(
                t('certificates'),
                [t('name'), t('days')],
                certificates
                  .slice(0, 100)
                  .map(({ name, expiresAt, revoked }) => [
                    name,
                    revoked ? h('td', { class: 'error' }, t('revoked')) : days(expiresAt),
                  ]),
              ),
              deployments.length > 0 && [
                h('h3', { class: 'minor' }, t('deployments')),
                table(
                  t('deployments'),
                  [t('time'), t('kind'), t('state'), t('cause')],
                  deployments.map(({ createdAt, type, status: state, errorMessage }) => [
                    clockTime(createdAt),
                    type,
                    h('td', { class: state === 'Failure' ? 'error' : '' }, state),
                    errorMessage ?? '',
                  ]),
                ),
              ],
            ),
          ),
        ];
      },
    );
  }

  /** Newest first. */
  #lines(lines) {
    return lines
      .filter(({ level }) => !this.#warningsOnly || level !== 'info')
      .map(({ at, level, part, message }) =>
        h(
          'li',
          {},
          h('span', { class: 'soft mono' }, clockTime(at)),
          ' ',
          h('b', { class: level === 'info' ? 'soft' : level }, level),
          ' ',
          part ? `${part}: ` : '',
          message,
        ),
      )
      .reverse();
  }
}

function pill(state) {
  return h('td', {}, h('span', { class: `pill ${state}` }, t(state)));
}

function days(expiresAt) {
  if (expiresAt === null) return '–';
  const left = Math.floor((Date.parse(expiresAt) - Date.now()) / DAY);
  return h('td', { class: left < 30 ? 'differs' : '' }, String(left));
}

function short(figures = {}) {
  return Object.entries(figures)
    .filter(([, value]) => typeof value !== 'object' && value !== 0 && value !== '')
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
    .slice(0, 140);
}
