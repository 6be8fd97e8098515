/** The 40-pin header with its parts, drawn from the configuration. */
import { h, post, s, show, table } from './dom.js';
import { partOf } from './parts.js';
import { age, t } from './text.js';

const GPIO = {
  3: 2,
  5: 3,
  7: 4,
  8: 14,
  10: 15,
  11: 17,
  12: 18,
  13: 27,
  15: 22,
  16: 23,
  18: 24,
  19: 10,
  21: 9,
  22: 25,
  23: 11,
  24: 8,
  26: 7,
  27: 0,
  28: 1,
  29: 5,
  31: 6,
  32: 12,
  33: 13,
  35: 19,
  36: 16,
  37: 26,
  38: 20,
  40: 21,
};
const SUPPLY = { 1: '3V3', 17: '3V3', 2: '5V', 4: '5V' };
const ROW = 23;
const WIRES = ['#e0524d', '#e8b93c', '#38b36b', '#4d8fe0', '#a46ad6', '#e07bb4', '#3cb8c4', '#c98a4b'];

export class Board {
  #place;
  #lines = new Map();
  #parts = [];
  #pins = new Map();
  #wires = new Map();
  #state;
  #strip;
  #shown;
  #width = 0;

  constructor(place) {
    this.#place = place;
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
    const canPress = state.board.bench && state.writable;
    this.#strip = h('p', { class: 'strip' }, t('hover'));
    this.#place.replaceChildren(
      (!state.writable && h('p', { class: 'soft' }, t('locked'))) || '',
      this.#svg(state.things, canPress),
      this.#strip,
      this.#bench(state.things.filter((thing) => thing.sliders && canPress)),
      this.#details(),
    );
    for (const line of this.#lines.values()) this.#update(line);
  }

  change(lines) {
    for (const line of lines) {
      this.#lines.set(line.name, received(line));
      this.#update(this.#lines.get(line.name));
    }
  }

  #svg(things, writable) {
    const width = Math.max(300, Math.min(this.#width, 640));
    const left = 58;
    const partsX = left + 2 * ROW + 66 + Math.max(18, (width - 330) * 0.16);
    this.#parts = [];
    this.#pins.clear();
    this.#wires.clear();
    const wired = things.filter((thing) => thing.claims.length > 0);
    const wires = s('g', { 'aria-hidden': 'true' });
    const parts = s('g');
    const columns = wired.length > 5 && width > 480 ? 2 : 1;
    const columnWidth = (width - partsX) / columns;
    const heights = Array(columns).fill(4);
    let colour = 0;
    for (const thing of wired) {
      const part = partOf(thing, { writable, width: columnWidth });
      const column = heights.indexOf(Math.min(...heights));
      const x = partsX + column * columnWidth;
      const y = heights[column];
      part.element.setAttribute('transform', `translate(${x} ${y})`);
      heights[column] += part.height;
      parts.append(part.element);
      this.#parts.push(part);
      for (const [line, at] of part.terminals) {
        const pin = pinOf(line);
        if (pin === undefined) continue;
        const [px, py] = pinAt(pin, left);
        const path = s('path', {
          class: 'wire',
          stroke: wireColour(thing, line, colour++),
          d: `M${px} ${py} C${px + 50} ${py} ${x - 34} ${y + at} ${x + 8} ${y + at}`,
        });
        this.#wires.set(line, path);
        wires.append(path);
      }
    }
    const height = Math.max(20 * ROW + 14, ...heights);
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
      this.#header(left),
      wires,
      parts,
    );
  }

  #header(left) {
    const group = s(
      'g',
      { 'aria-hidden': 'true' },
      s('rect', { class: 'pcb', x: left - 6, y: 2, width: 2 * ROW + 12, height: 20 * ROW + 10, rx: 6 }),
    );
    for (let pin = 1; pin <= 40; pin++) {
      const [x, y] = pinAt(pin, left);
      const line = pin in GPIO ? `GPIO${GPIO[pin]}` : undefined;
      const supply = SUPPLY[pin] ?? 'GND';
      const dot = s('circle', {
        class: line ? 'hole' : supply === '5V' ? 'v5' : supply === '3V3' ? 'v3' : 'gnd',
        cx: x,
        cy: y,
        r: 7,
      });
      const isLeft = pin % 2 === 1;
      const label = s(
        'text',
        { x: isLeft ? left - 11 : left + 2 * ROW + 11, y: y + 4, 'text-anchor': isLeft ? 'end' : 'start' },
        line ?? supply,
      );
      const all = s('g', { 'data-pin': pin }, dot, label);
      if (line) {
        this.#pins.set(line, { dot, label });
        const tell = () => this.#tell(line, pin);
        all.addEventListener('pointerenter', tell);
        all.addEventListener('click', tell);
      }
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
    if (this.#shown?.line === line.name) this.#tell(this.#shown.line, this.#shown.pin);
  }

  #tell(name, pin) {
    this.#shown = { line: name, pin };
    const line = this.#lines.get(name);
    if (line) this.#strip.textContent = `${name} (J8:${pin}) · ${describe(line).slice(1).join(' · ')}`;
  }

  #bench(things) {
    if (things.length === 0) return '';
    return h(
      'div',
      { class: 'bench' },
      h('h3', {}, t('bench')),
      things.map((thing) => weather(thing)),
    );
  }

  #details() {
    const body = h('div');
    const details = h('details', {}, h('summary', {}, t('lines')), body);
    details.addEventListener('toggle', () => {
      if (!details.open) return;
      const held = [...this.#lines.values()].filter((line) => line.consumer !== undefined);
      show(body, String(Math.random()), () =>
        table(
          t('lines'),
          [t('line'), t('level'), t('direction'), t('consumer'), t('edge')],
          held.map(describe),
        ),
      );
    });
    return details;
  }
}

/** A temperature and a humidity for a sensor on the bench. */
function weather(thing) {
  const values = { temperatureC: 21, humidityPercent: 50 };
  const slider = (key, label, low, high, unit) => {
    const output = h('output', {}, `${values[key]} ${unit}`);
    const input = h('input', { type: 'range', min: low, max: high, value: values[key], step: 0.5 });
    input.addEventListener('input', () => {
      values[key] = Number(input.value);
      output.textContent = `${values[key]} ${unit}`;
    });
    input.addEventListener('change', () =>
      post('/api/climate', { thing: thing.name, ...values }).catch(
        (error) => (output.textContent = error.message),
      ),
    );
    return h('label', {}, `${thing.name} ${label}`, input, output);
  };
  return [
    slider('temperatureC', t('temperature'), -20, 50, '°C'),
    slider('humidityPercent', t('humidity'), 0, 100, '%'),
  ];
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
    line.edge ? `${t(line.edge.edge)} ${age(Date.now() - line.edgeAt)}` : t('never'),
  ];
}

function pinOf(line) {
  const pin = Object.keys(GPIO).find((each) => `GPIO${GPIO[each]}` === line);
  return pin === undefined ? undefined : Number(pin);
}

function pinAt(pin, left) {
  return [left + (pin % 2 === 1 ? 0.5 : 1.5) * ROW, 7 + (Math.ceil(pin / 2) - 0.5) * ROW];
}

function wireColour(thing, line, index) {
  const path = thing.claims.find((claim) => claim.line === line)?.path;
  return { red: WIRES[0], yellow: WIRES[1], green: WIRES[2] }[path] ?? WIRES[3 + (index % 5)];
}
