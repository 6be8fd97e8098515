/** The 40-pin header with its parts, drawn from the configuration. */
import { Bench } from './bench.js';
import { h, s, show, table } from './dom.js';
import { partOf } from './parts.js';
import { CLEAR_X, HEADER, PINS, pathFrom, pinAt, pinOf } from './pins.js';
import { age, t } from './text.js';
import { Tip } from './tip.js';

const WIRES = ['#e0524d', '#d9a514', '#2aa35c', '#4d8fe0', '#a46ad6', '#dd6fae', '#27a9b6', '#c98a4b'];
const GAP = 13;

export class Board {
  #place;
  #tip;
  #lines = new Map();
  #parts = [];
  #pins = new Map();
  #wires = new Map();
  #bench = new Bench();
  #state;
  #table;
  #width = 0;

  constructor(place) {
    this.#place = place;
    this.#tip = new Tip(place);
    new ResizeObserver(() => {
      const width = Math.round(this.#place.clientWidth);
      if (width !== this.#width && this.#state) this.draw(this.#state);
    }).observe(place);
  }

  /** All anew: for a new configuration, another width or language. */
  draw(state) {
    this.#state = state;
    this.#width = Math.round(this.#place.clientWidth);
    if (!state.board) {
      this.#place.replaceChildren(h('p', { class: 'soft' }, t('noboard')));
      return;
    }
    this.#lines = new Map(state.board.lines.map((line) => [line.name, received(line)]));
    const playable = state.board.bench && state.writable;
    this.#place.replaceChildren(
      ...[
        h(
          'p',
          { class: 'soft note' },
          playable
            ? t('hover')
            : state.writable
              ? t('unlocked')
              : t('locked', { driver: state.board.driver }),
        ),
        this.#svg(state.things, playable),
        playable && this.#bench.draw(state),
        this.#details(),
      ].filter(Boolean),
    );
    for (const line of this.#lines.values()) this.#update(line);
    for (const part of this.#parts) part.follow(state.shadows[part.name]);
  }

  change(lines) {
    for (const line of lines) {
      this.#lines.set(line.name, received(line));
      this.#update(this.#lines.get(line.name));
    }
    this.#table?.();
  }

  /** A thing's shadow is another. */
  follow(name, shadow) {
    for (const part of this.#parts) if (part.name === name) part.follow(shadow);
    this.#bench.follow(name, shadow);
  }

  #svg(things, playable) {
    const width = Math.max(300, Math.min(this.#width, 640));
    const partsX = CLEAR_X + (width < 480 ? 26 : 84);
    this.#pins.clear();
    this.#wires.clear();
    this.#parts = things
      .filter((thing) => thing.claims.length > 0)
      .map((thing) => partOf(thing, { playable, width: width - partsX }))
      .sort((a, b) => middle(a) - middle(b));
    const height = place(this.#parts);
    const wires = s('g', { 'aria-hidden': 'true' });
    const parts = s('g');
    let colour = 0;
    for (const part of this.#parts) {
      part.element.setAttribute('transform', `translate(${partsX} ${part.y})`);
      parts.append(part.element);
      for (const { line, path, y } of part.terminals) {
        const pin = pinOf(line);
        if (pin !== undefined)
          wires.append(this.#wire({ line, pin, x: partsX, y: part.y + y }, wireColour(path, colour++)));
      }
      for (const { element, line } of part.pieces) this.#tip.watch(element, () => this.#words(line, part));
    }
    return s(
      'svg',
      {
        class: 'boardsvg',
        viewBox: `0 0 ${width} ${Math.ceil(height)}`,
        role: 'group',
        'aria-label': t('board'),
      },
      s(
        'defs',
        {},
        s(
          'filter',
          { id: 'glow', x: '-80%', y: '-80%', width: '260%', height: '260%' },
          s('feGaussianBlur', { stdDeviation: 7 }),
        ),
      ),
      this.#header(),
      wires,
      parts,
    );
  }

  #wire({ line, pin, x, y }, colour) {
    const { d, lane } = pathFrom(pin);
    const bend = (x - CLEAR_X) * 0.55;
    const way = `${d} C${CLEAR_X + bend} ${lane} ${x - bend} ${y} ${x} ${y}`;
    const wire = s(
      'g',
      { class: 'wire' },
      s('path', { class: 'casing', d: way }),
      s('path', { class: 'core', stroke: colour, d: way }),
      s('path', { class: 'reach', d: way }),
      s('circle', { cx: x, cy: y, r: 3, fill: colour }),
    );
    this.#wires.set(line, wire);
    this.#tip.watch(wire, () => this.#words(line));
    return wire;
  }

  #header() {
    const { left, width, height } = HEADER;
    const group = s(
      'g',
      { 'aria-hidden': 'true' },
      s('rect', { class: 'pcb', x: left, y: 1, width, height: height - 2, rx: 6 }),
    );
    for (const { pin, line, supply } of PINS) {
      const { x, y } = pinAt(pin);
      const dot = s('circle', {
        class: line ? 'hole' : supply === '5V' ? 'v5' : supply === '3V3' ? 'v3' : 'gnd',
        cx: x,
        cy: y,
        r: 6.5,
      });
      const isLeft = pin % 2 === 1;
      const label = s(
        'text',
        { x: isLeft ? left - 5 : left + width + 5, y: y + 3.5, 'text-anchor': isLeft ? 'end' : 'start' },
        line ?? supply,
      );
      const all = s('g', { 'data-pin': pin }, dot, label);
      if (line) this.#pins.set(line, { dot, label });
      this.#tip.watch(all, () => (line ? this.#words(line) : [supply, `J8:${pin}`]));
      group.append(all);
    }
    return group;
  }

  #update(line) {
    for (const part of this.#parts) part.update(line);
    const pin = this.#pins.get(line.name);
    if (pin) {
      // electrically: what a lamp beside the pin would show
      const high = line.value !== undefined && (line.value === 'active') !== line.activeLow;
      pin.dot.classList.toggle('high', high && line.consumer !== undefined);
      pin.label.classList.toggle('used', line.consumer !== undefined);
    }
    this.#wires.get(line.name)?.classList.toggle('live', line.value === 'active');
    this.#tip.refresh();
  }

  #words(name, part) {
    const line = this.#lines.get(name);
    if (line === undefined) return [name];
    const [, level, direction, consumer, edge] = describe(line);
    const pin = pinOf(name);
    return [
      `${name}${pin === undefined ? '' : ` · J8:${pin}`}`,
      `${t('level')}: ${level}${line.activeLow ? ` (${t('activelow')})` : ''}`,
      `${t('direction')}: ${direction}${line.bias.startsWith('pull') ? `, ${line.bias}` : ''}`,
      `${t('consumer')}: ${consumer}`,
      `${t('edge')}: ${edge}`,
      line.conflict && t('conflict'),
      line.gone && t('gone'),
      part?.hint,
    ].filter(Boolean);
  }

  #details() {
    const body = h('div');
    const details = h('details', {}, h('summary', {}, t('lines')), body);
    this.#table = () => {
      if (!details.open) return;
      const held = [...this.#lines.values()].filter((line) => line.consumer !== undefined).map(describe);
      show(body, JSON.stringify(held), () =>
        table(t('lines'), [t('line'), t('level'), t('direction'), t('consumer'), t('edge')], held),
      );
    };
    details.addEventListener('toggle', this.#table);
    return details;
  }
}

/** Each part beside its pins as far as there is room, in their order: wires cross as little as can be. */
function place(parts) {
  let bottom = 2;
  for (const part of parts) {
    part.y = Math.max(bottom, Math.min(middle(part), HEADER.height) - part.height / 2);
    bottom = part.y + part.height + GAP;
  }
  let limit = Math.max(
    HEADER.height,
    parts.reduce((sum, { height }) => sum + height + GAP, 2),
  );
  const height = limit;
  for (const part of [...parts].reverse()) {
    part.y = Math.min(part.y, limit - part.height);
    limit = part.y - GAP;
  }
  return height + 4;
}

/** Mean height of a part's pins; one whose lines are elsewhere comes last. */
function middle({ terminals }) {
  const rows = terminals.map(({ line }) => pinOf(line)).filter((pin) => pin !== undefined);
  return rows.length === 0 ? Infinity : rows.reduce((sum, pin) => sum + pinAt(pin).y, 0) / rows.length;
}

function received(line) {
  return { ...line, edgeAt: line.edge ? Date.now() - line.edge.ageMs : undefined };
}

function describe(line) {
  const level =
    line.duty !== undefined
      ? `${Math.round(line.duty * 100)} %`
      : line.pulseWidthUs
        ? `${Math.round(line.pulseWidthUs)} µs`
        : t(line.value ?? 'unknown');
  return [
    line.name,
    level,
    t(line.direction),
    line.consumer ?? t('nobody'),
    line.edge ? `${t(line.edge.edge)}, ${age(Date.now() - line.edgeAt)}` : t('never'),
  ];
}

function wireColour(path, index) {
  return { red: WIRES[0], yellow: WIRES[1], green: WIRES[2] }[path] ?? WIRES[3 + (index % 5)];
}
