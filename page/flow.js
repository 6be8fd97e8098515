/** The group as a picture: messages pulse along the rows that let them pass; those refused show why. */
import { h, post, s, show, table } from './dom.js';
import { CLOUD, receivers, SHADOW, stands } from './rows.js';
import { clockTime, t } from './text.js';

/** Messages that the page remembers, of all members. */
const KEPT = 400;
const SHOWN = 14;
const REFUSALS = 8;
/** ms for which a member that was refused stays red. */
const RED_MS = 10_000;
/** What the message manager says of a message that a row lets pass and nobody subscribed to. */
const UNHEARD = 'no subscriber may have it';
const still = matchMedia('(prefers-reduced-motion: reduce)');

export class Flow {
  #place;
  #state;
  #nodes = new Map();
  #edges = new Map();
  #messages = [];
  #refusals = new Map();
  /** The member, or the two ends of the row, whose messages are shown; empty: all. */
  #chosen = [];
  #list;
  #refused;
  #svg;
  #dirty = false;
  #width = 0;

  constructor(place) {
    this.#place = place;
    new ResizeObserver(() => {
      if (this.#state && Math.abs(this.#room() - this.#width) > 20) this.draw(this.#state);
    }).observe(place);
  }

  draw(state) {
    this.#state = state;
    this.#nodes.clear();
    this.#edges.clear();
    this.#list = h('div', { 'aria-live': 'off' });
    this.#refused = h('div', { role: 'status' });
    this.#width = this.#room();
    this.#svg = this.#picture(state);
    this.#place.replaceChildren(
      h(
        'div',
        { class: 'split' },
        this.#svg,
        h('div', { class: 'flowside' }, h('h3', { class: 'minor' }, t('refused')), this.#refused, this.#list),
      ),
      this.#rows(state.rows),
    );
    this.#showList();
    this.#showRefused();
  }

  messages(messages) {
    for (const message of messages) {
      const { from, topic, cause, count } = message;
      // it was told of as a message already
      if (cause === UNHEARD) continue;
      const refused = cause !== undefined;
      const to = refused ? [] : receivers(message, this.#state);
      this.#messages.unshift({ ...message, to });
      if (refused) this.#refuse({ from, topic, cause, count });
      else for (const target of to) this.#pulse(from, target);
    }
    this.#messages.length = Math.min(this.#messages.length, KEPT);
    this.#later();
  }

  /** Width that the picture gets. */
  #room() {
    const all = this.#place.clientWidth;
    return Math.min(all >= 900 ? all / 2 - 8 : all, 760);
  }

  #picture(state) {
    const width = Math.max(320, Math.round(this.#width));
    const columns = [
      state.things.map(({ name, role }) => [name, role ?? t('elsewhere')]),
      [[SHADOW, t('core')]],
      [...state.functions.map(({ name, kind }) => [name, kind]), [CLOUD, t('cloudkind')]],
    ];
    // room at the left for what goes from thing to thing
    const [margin, lane] = width < 480 ? [16, 26] : [34, 60];
    const nodeWidth = Math.min(195, (width - margin - 2 * lane - 6) / 3);
    const step = (width - margin - 4 - nodeWidth) / 2;
    const height = Math.max(...columns.map((column) => column.length)) * 50 + 8;
    const places = new Map();
    columns.forEach((column, c) => {
      const pitch = height / column.length;
      column.forEach(([name, kind], i) => {
        places.set(name, { x: margin + c * step, y: pitch * (i + 0.5) - 19, width: nodeWidth, name, kind });
      });
    });
    const edges = s('g', { class: 'edges' });
    for (const { source, target } of state.rows) {
      for (const from of stands(source, state))
        for (const to of stands(target, state)) this.#edge(edges, places, from, to);
    }
    // every thing and its own shadow
    for (const { name } of state.things) this.#edge(edges, places, name, SHADOW);
    const nodes = [...places.values()].map((at) => this.#node(at));
    const viewBox = `0 0 ${width} ${height}`;
    return s('svg', { class: 'flowsvg', viewBox, role: 'group', 'aria-label': t('flow') }, edges, nodes);
  }

  #edge(group, places, from, to) {
    const a = places.get(from);
    const b = places.get(to);
    const key = keyOf(from, to);
    if (!a || !b || from === to || this.#edges.has(key)) return;
    const [left, right] = a.x <= b.x ? [a, b] : [b, a];
    const [y1, y2] = [left.y + 19, right.y + 19];
    let d;
    if (left.x === right.x) {
      // the further apart, the wider the way round
      const out = Math.min(left.x - 3, 12 + Math.abs(y1 - y2) / 14);
      d = `M${left.x} ${y1} C${left.x - out} ${y1} ${left.x - out} ${y2} ${left.x} ${y2}`;
    } else {
      const x1 = left.x + left.width;
      const bend = Math.max(20, (right.x - x1) / 2);
      d = `M${x1} ${y1} C${x1 + bend} ${y1} ${right.x - bend} ${y2} ${right.x} ${y2}`;
    }
    const path = s('path', { class: 'way', d });
    const reach = s('path', { class: 'reach', d, onclick: () => this.#choose([from, to]) });
    reach.append(s('title', {}, `${from} ↔ ${to}`));
    this.#edges.set(key, { path, left: left.name });
    group.append(path, reach);
  }

  #node({ x, y, width, name, kind }) {
    const choose = () => this.#choose([name]);
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
      s('rect', { width, height: 38, rx: 9 }),
      // text that is cut to fit, and whole for whoever hears it
      s(
        'foreignObject',
        { x: 9, y: 1, width: width - 14, height: 36 },
        h('div', { title: name }, name),
        ' ',
        h('div', { class: 'kind' }, kind),
      ),
      s('path', { class: 'cross', d: `M${width - 17} 14 l10 10 m0 -10 l-10 10` }),
    );
    this.#nodes.set(name, { element });
    return element;
  }

  /** @param asked once more: all again */
  #choose(asked) {
    const ends = asked.join() === this.#chosen.join() ? [] : asked;
    this.#chosen = ends;
    for (const [name, { element }] of this.#nodes)
      element.setAttribute('aria-pressed', String(ends.length === 1 && ends[0] === name));
    const key = ends.length === 2 ? keyOf(...ends) : undefined;
    for (const [each, { path }] of this.#edges) path.classList.toggle('chosen', each === key);
    this.#showList();
  }

  #pulse(from, to) {
    const edge = this.#edges.get(keyOf(from, to));
    if (edge === undefined) return;
    const { path, left } = edge;
    clearTimeout(edge.timer);
    path.classList.add('pulse');
    edge.timer = setTimeout(() => path.classList.remove('pulse'), 350);
    if (still.matches || document.hidden || edge.moving) return;
    edge.moving = true;
    const dot = s('circle', { class: 'message', r: 4.5 });
    this.#svg.append(dot);
    const length = path.getTotalLength();
    const began = performance.now();
    const step = (now) => {
      const part = Math.max(0, (now - began) / 400);
      if (part >= 1 || !path.isConnected) {
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

  #refuse({ from, topic, cause, count }) {
    const key = `${from}\n${topic}`;
    const known = this.#refusals.get(key);
    if (known) {
      known.count += count;
      known.at = Date.now();
    } else {
      const entry = { from, topic, cause, count, at: Date.now() };
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
    const node = this.#nodes.get(from);
    if (node) {
      clearTimeout(node.timer);
      node.element.classList.add('refused');
      node.timer = setTimeout(() => node.element.classList.remove('refused'), RED_MS);
    }
    this.#showRefused();
  }

  #showRefused() {
    const entries = [...this.#refusals.values()].reverse();
    show(this.#refused, JSON.stringify(entries) + document.documentElement.lang, () =>
      entries.length === 0
        ? h('p', { class: 'soft' }, t('refusednone'))
        : entries.map(({ from, topic, cause, count, at }) =>
            h(
              'div',
              { class: 'refusal' },
              h('b', { class: 'error' }, from),
              ' → ',
              h('code', {}, topic),
              h('span', { class: 'soft' }, ` ${count > 1 ? `×${count}, ` : ''}${clockTime(at)}`),
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
      // nothing moves under the pointer or the focus
      if (this.#list.querySelector('ol:hover, ol:focus-within')) this.#later();
      else this.#showList();
    }, 500);
  }

  #showList() {
    const [one, other] = this.#chosen;
    const passes = ({ from, to }) =>
      one === undefined ||
      (other === undefined
        ? from === one || to.includes(one)
        : (from === one && to.includes(other)) || (from === other && to.includes(one)));
    const found = this.#messages.filter(passes).slice(0, SHOWN);
    const name = t('messages', { name: this.#chosen.join(' ↔ ') || t('all') });
    this.#list.replaceChildren(
      h('h3', { class: 'minor' }, name),
      h('p', { class: 'soft note' }, t('choose')),
      found.length === 0
        ? h('p', { class: 'soft' }, t('none'))
        : h('ol', { class: 'messages', 'aria-label': name }, found.map(messageOf)),
    );
  }

  #rows(rows) {
    const body = h('div');
    const details = h('details', {}, h('summary', {}, `${t('rows')} (${rows.length})`), body);
    const fill = () =>
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
      );
    details.addEventListener('toggle', fill);
    return details;
  }
}

function messageOf({ at, from, to, topic, payload, bytes, count, cause }) {
  const size = bytes !== undefined && `${bytes} B`;
  return h(
    'li',
    {},
    h(
      'details',
      {},
      h(
        'summary',
        {},
        h('span', { class: 'soft mono' }, clockTime(at)),
        ` ${from}${to.length > 0 ? ` → ${to.join(', ')}` : ''}`,
        h('span', { class: 'soft' }, [' ', [size, count > 1 && `×${count}`].filter(Boolean).join(' ')]),
        h('code', { class: cause ? 'error' : '' }, topic),
      ),
      // of a longer one the server sends the beginning
      h('pre', { class: cause ? 'error' : '' }, cause ?? pretty(payload)),
    ),
  );
}

function pretty(payload = '') {
  try {
    return JSON.stringify(JSON.parse(payload), null, 1);
  } catch {
    // no JSON, or only its beginning
    return payload;
  }
}

function keyOf(a, b) {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}
