/** The group as a picture: messages pulse along the rows that let them pass; those refused show why. */
import { h, post, s, show, table } from './dom.js';
import { clockTime, t } from './text.js';

const SHADOW = 'GGShadowService';
const CLOUD = 'cloud';
/** A level of a subject that stands for the thing's own name. */
const OWN_NAME = '$' + '{thing}';
const KEPT = 30;
const REFUSALS = 8;
const still = matchMedia('(prefers-reduced-motion: reduce)');

export class Flow {
  #place;
  #state;
  #nodes = new Map();
  #paths = new Map();
  #messages = new Map();
  #refusals = new Map();
  #chosen;
  #list;
  #refused;
  #svg;
  #dirty = false;

  constructor(place) {
    this.#place = place;
  }

  draw(state) {
    this.#state = state;
    this.#nodes.clear();
    this.#paths.clear();
    this.#list = h('div', { 'aria-live': 'off' });
    this.#refused = h('div', { role: 'status' });
    const columns = [
      state.things.map(({ name, role }) => [name, role ?? t('elsewhere')]),
      [[SHADOW, t('core')]],
      [...state.functions.map(({ name, kind }) => [name, kind]), [CLOUD, t('cloud')]],
    ];
    const tallest = Math.max(...columns.map((column) => column.length));
    const height = tallest * 52 + 10;
    const places = new Map();
    columns.forEach((column, c) => {
      const step = height / column.length;
      column.forEach(([name, kind], i) => {
        places.set(name, { x: 10 + c * 265, y: step * (i + 0.5) - 20, name, kind });
      });
    });
    const edges = s('g', { 'aria-hidden': 'true' });
    for (const { source, target } of state.rows) {
      for (const from of stands(source, state))
        for (const to of stands(target, state)) this.#edge(edges, places, from, to);
    }
    // every thing and its own shadow
    for (const { name } of state.things) this.#edge(edges, places, name, SHADOW);
    const nodes = [...places.values()].map((at) => this.#node(at));
    this.#svg = s(
      'svg',
      { class: 'flowsvg', viewBox: `0 0 750 ${height}`, role: 'group', 'aria-label': t('flow') },
      edges,
      nodes,
    );
    this.#place.replaceChildren(
      h(
        'div',
        { class: 'split' },
        h('div', { class: 'tablewrap', tabindex: 0, role: 'group', 'aria-label': t('flow') }, this.#svg),
        h('div', {}, this.#list, h('h3', { class: 'minor' }, t('refused')), this.#refused),
      ),
      this.#rows(state.rows),
    );
    this.#showList();
    this.#showRefused();
  }

  messages(messages) {
    for (const message of messages) {
      const { from, topic, cause, count } = message;
      const kept = this.#messages.get(from) ?? [];
      kept.unshift(message);
      kept.length = Math.min(kept.length, KEPT);
      this.#messages.set(from, kept);
      if (cause !== undefined && cause !== 'no subscriber may have it')
        this.#refuse(from, topic, cause, count);
      else this.#pulse(from, topic);
    }
    if (messages.some(({ from }) => from === this.#chosen)) this.#later();
  }

  #edge(place, places, from, to) {
    const a = places.get(from);
    const b = places.get(to);
    const key = [from, to].sort().join('\n');
    if (!a || !b || from === to || this.#paths.has(key)) return;
    const [left, right] = a.x <= b.x ? [a, b] : [b, a];
    const same = left.x === right.x;
    const x1 = left.x + (same ? 0 : 195);
    const x2 = right.x;
    const d = same
      ? `M${x1} ${left.y + 20} C${x1 - 26} ${left.y + 20} ${x2 - 26} ${right.y + 20} ${x2} ${right.y + 20}`
      : `M${x1} ${left.y + 20} C${x1 + 35} ${left.y + 20} ${x2 - 35} ${right.y + 20} ${x2} ${right.y + 20}`;
    const path = s('path', { d });
    this.#paths.set(key, { path, left: left.name });
    place.append(path);
  }

  #node({ x, y, name, kind }) {
    const choose = () => {
      this.#chosen = name;
      for (const [each, { element }] of this.#nodes)
        element.setAttribute('aria-pressed', String(each === name));
      this.#showList();
    };
    const shown = name.length > 25 ? `${name.slice(0, 24)}…` : name;
    const element = s(
      'g',
      {
        class: 'node',
        role: 'button',
        tabindex: 0,
        'aria-pressed': 'false',
        transform: `translate(${x} ${y})`,
        onclick: choose,
        onkeydown: (event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          choose();
        },
      },
      s('rect', { width: 195, height: 40, rx: 9 }),
      s('text', { x: 10, y: 17 }, shown),
      ' ',
      s('text', { class: 'kind', x: 10, y: 32 }, kind.slice(0, 30)),
    );
    this.#nodes.set(name, { element });
    return element;
  }

  /** Along every row that has this source and topic. */
  #pulse(from, topic) {
    const targets = new Set();
    if (topic.startsWith('$aws/things/')) {
      const owner = topic.split('/')[2];
      targets.add(from === SHADOW ? owner : SHADOW);
    }
    for (const { source, subject, target } of this.#state.rows) {
      if (!stands(source, this.#state).includes(from) || !fits(subject, topic)) continue;
      for (const to of stands(target, this.#state)) if (!subject.includes(OWN_NAME)) targets.add(to);
    }
    for (const to of targets) {
      const edge = this.#paths.get([from, to].sort().join('\n'));
      if (edge) this.#light(edge, from);
    }
  }

  #light(edge, from) {
    const { path, left } = edge;
    clearTimeout(edge.timer);
    path.classList.add('pulse');
    edge.timer = setTimeout(() => path.classList.remove('pulse'), 350);
    if (still.matches || document.hidden || edge.moving) return;
    edge.moving = true;
    const dot = s('circle', { r: 5 });
    this.#svg.append(dot);
    const length = path.getTotalLength();
    const began = performance.now();
    const step = (now) => {
      const part = (now - began) / 400;
      if (part >= 1) {
        dot.remove();
        edge.moving = false;
        return;
      }
      const { x, y } = path.getPointAtLength(length * (from === left ? part : 1 - part));
      dot.setAttribute('cx', x);
      dot.setAttribute('cy', y);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #refuse(from, topic, cause, count) {
    const key = `${from}\n${topic}`;
    const known = this.#refusals.get(key);
    if (known) known.count += count;
    else {
      const entry = { from, topic, cause, count };
      this.#refusals.set(key, entry);
      if (this.#refusals.size > REFUSALS) this.#refusals.delete(this.#refusals.keys().next().value);
      post('/api/why', { client: from, topic }).then(
        ({ sentence }) => {
          entry.cause = sentence;
          this.#showRefused();
        },
        // the broker's own words stay
        () => {},
      );
    }
    const node = this.#nodes.get(from)?.element;
    node?.classList.add('refused');
    this.#showRefused();
  }

  #showRefused() {
    const entries = [...this.#refusals.values()].reverse();
    show(this.#refused, JSON.stringify(entries) + document.documentElement.lang, () =>
      entries.length === 0
        ? h('p', { class: 'soft' }, t('refusednone'))
        : entries.map(({ from, topic, cause, count }) =>
            h(
              'div',
              { class: 'refusal' },
              h('b', { class: 'error' }, from),
              ' → ',
              h('code', {}, topic),
              ` ×${count}`,
              h('p', {}, cause),
            ),
          ),
    );
  }

  #later() {
    if (this.#dirty) return;
    this.#dirty = true;
    setTimeout(() => {
      this.#dirty = false;
      this.#showList();
    }, 500);
  }

  #showList() {
    if (this.#chosen === undefined) {
      this.#list.replaceChildren(h('p', { class: 'soft' }, t('choose')));
      return;
    }
    const rows = (this.#messages.get(this.#chosen) ?? [])
      .slice(0, 12)
      .map(({ at, topic, payload, bytes, count, cause }) => [
        clockTime(at),
        h('td', { class: 'mono' }, topic),
        h('td', { class: 'num' }, `${bytes ?? ''}${count > 1 ? ` ×${count}` : ''}`),
        h('td', { class: `mono ${cause ? 'error' : ''}` }, payload ?? cause ?? ''),
      ]);
    const name = t('messages', { name: this.#chosen });
    this.#list.replaceChildren(
      h('h3', { class: 'minor' }, name),
      rows.length
        ? table(name, [t('time'), t('topic'), t('bytes'), t('payload')], rows)
        : h('p', { class: 'soft' }, t('none')),
    );
  }

  #rows(rows) {
    const body = h('div');
    const details = h('details', {}, h('summary', {}, `${t('rows')} (${rows.length})`), body);
    details.addEventListener(
      'toggle',
      () =>
        details.open &&
        show(body, 'rows', () =>
          table(
            t('rows'),
            [t('source'), t('subject'), t('target'), t('because')],
            rows
              .slice(0, 500)
              .map((row) => [
                row.source,
                h('td', { class: 'mono' }, row.subject),
                row.target,
                row.because ?? row.origin,
              ]),
          ),
        ),
    );
    return details;
  }
}

/** The members that a party of a row stands for. */
function stands(party, { things }) {
  const role = /role[: ]+"?([\w-]+)/.exec(party)?.[1];
  if (role !== undefined && !things.some(({ name }) => name === party))
    return things.filter((thing) => thing.role === role).map(({ name }) => name);
  return [party];
}

/** MQTT topic filters (MQTT 5.0, 4.7). */
function fits(filter, topic) {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return true;
    if (levels[i] === undefined || (wanted[i] !== '+' && wanted[i] !== OWN_NAME && wanted[i] !== levels[i]))
      return false;
  }
  return wanted.length === levels.length;
}
