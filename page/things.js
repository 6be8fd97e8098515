/** Every thing of the group: its role, connection and shadow, and what went wrong in words. */
import { control } from './desired.js';
import { h, json, show, table } from './dom.js';
import { age, clockTime, short, t } from './text.js';

/** Figures of a thing's link, told elsewhere or of no use at a glance. */
const OF_THE_LINK = new Set(['core', 'connects', 'queued', 'dropped']);
const ROWS = 50;

export class Things {
  #place;
  #cards = new Map();
  #state;
  #ask;

  constructor(place, ask) {
    this.#place = place;
    this.#ask = ask;
    setInterval(() => this.#ages(), 5000);
  }

  draw(state) {
    this.#state = state;
    this.#cards.clear();
    this.#place.replaceChildren(
      state.things.length === 0
        ? h('p', { class: 'soft' }, t('nothings'))
        : h(
            'div',
            { class: 'cards' },
            state.things.map((thing) => this.#card(thing)),
          ),
    );
    for (const thing of state.things) this.update(thing.name);
  }

  update(name) {
    const card = this.#cards.get(name);
    if (card === undefined) return;
    const { status, shadows, connected, departures } = this.#state;
    const { role } = card.thing;
    const part = status.parts.find((each) => each.name === name && each.kind === role);
    const online = connected.includes(name) || part?.state === 'ok';
    const state = role === undefined ? (online ? 'online' : 'offline') : (part?.state ?? 'failed');
    const shown = state === 'degraded' && !online ? 'offline' : state;
    const gone = online ? undefined : departures[name];
    const tone = { online: 'ok', offline: role === undefined && !gone ? 'absent' : 'failed' }[shown] ?? shown;
    const shadow = shadows[name];
    const language = document.documentElement.lang;
    show(card.state, `${shown}${language}`, () => h('span', { class: `pill ${tone}` }, t(shown)));
    show(
      card.role,
      json([role, shadow?.version, part?.figures?.core, part?.figures?.queued, online, language]),
      () =>
        h(
          'span',
          { title: part && t('connectedto', { core: part.figures.core }) },
          facts({ role, part, shadow, online }),
        ),
    );
    const fault = shadow?.reported?.error;
    const cause =
      part?.cause ??
      (gone && t('gonesince', { time: clockTime(gone.at), cause: gone.cause })) ??
      (fault?.message ? `${fault.code}: ${fault.message}` : '');
    if (card.cause.textContent !== cause) card.cause.textContent = cause;
    show(card.shadow, json([shadow ?? ownFigures(part), language]), () =>
      shadow ? shadowTable(name, shadow) : figures(name, part),
    );
    this.#ages();
    for (const mark of card.marks) mark(shadow);
  }

  #card(thing) {
    const card = {
      thing,
      state: h('span'),
      role: h('p', { class: 'soft' }),
      cause: h('p', { class: 'cause', role: 'status' }),
      shadow: h('div'),
      marks: [],
    };
    this.#cards.set(thing.name, card);
    const controls = thing.properties.map((property) =>
      control(thing, property, {
        disabled: !this.#state.writable,
        ask: this.#ask,
        onError: (message) => {
          card.cause.textContent = message;
        },
        onShadow: (mark) => card.marks.push(mark),
      }),
    );
    return h(
      'article',
      { class: 'card', 'data-thing': thing.name, 'aria-label': thing.name },
      h('div', { class: 'row' }, h('h3', {}, thing.name), card.state),
      card.role,
      card.cause,
      card.shadow,
      controls.length > 0 && h('div', { class: 'controls' }, controls),
    );
  }

  #ages() {
    for (const element of this.#place.querySelectorAll('[data-at]')) {
      const { at } = element.dataset;
      element.textContent = at === '0' ? '' : age(Date.now() - Number(at) * 1000, true);
    }
  }
}

/** Role, connection and version, in one line. */
function facts({ role, part, shadow, online }) {
  const { queued } = part?.figures ?? {};
  return [
    role ?? t('elsewhere'),
    t(online ? 'connected' : 'notconnected'),
    shadow && `${t('version')} ${shadow.version}`,
    queued > 0 && t('queued', { n: queued }),
  ]
    .filter(Boolean)
    .join(' · ');
}

function shadowTable(name, shadow) {
  const { desired = {}, reported = {}, delta = {}, times } = shadow;
  const names = [...new Set([...Object.keys(reported), ...Object.keys(desired)])];
  const rows = names.slice(0, ROWS).map((key) => {
    const differs = key in delta;
    return [
      h('th', { scope: 'row' }, key),
      cell(key, desired[key]),
      cell(key, reported[key]),
      cell(key, delta[key], differs && 'differs'),
      h('td', { class: 'soft num', 'data-at': Math.max(times.desired[key] ?? 0, times.reported[key] ?? 0) }),
    ];
  });
  const age = h('th', { scope: 'col', class: 'num' }, t('age'));
  return [
    table(name, [t('property'), t('desired'), t('reported'), t('delta'), age], rows),
    names.length > ROWS && h('p', { class: 'soft' }, t('more', { n: names.length - ROWS })),
  ];
}

function cell(key, value, tone) {
  // milliseconds since 1970 tell a person nothing
  const moment = typeof value === 'number' && value > 1e12 && /at$/i.test(key);
  const attributes = { class: `mono ${tone || ''}`, title: moment ? String(value) : undefined };
  return h('td', attributes, moment ? clockTime(value) : short(json(value), 120));
}

/** What a thing without a shadow tells of itself. */
function figures(name, part) {
  const own = ownFigures(part);
  if (own.length === 0) return h('p', { class: 'soft' }, t('noshadow'));
  return table(
    name,
    [t('name'), t('value')],
    own.map(([key, value]) => [h('th', { scope: 'row' }, key), cell(key, value)]),
  );
}

function ownFigures(part) {
  return Object.entries(part?.figures ?? {})
    .filter(([key, value]) => !OF_THE_LINK.has(key) && value !== null && value !== '')
    .slice(0, 8);
}
