/** The parts that are wired to the board, as drawings. Each returns its element, height and how it follows its lines. */
import { post, s } from './dom.js';
import { t } from './text.js';

/** A press, and a release, last at least this long. */
const SHORTEST_PRESS_MS = 80;

const COLOURS = { red: '#ff3b30', yellow: '#ffc400', green: '#22d366', line: '#ff5e3a' };

/** Kind of drawing for a claim of a role. */
function kindOf(role, { direction, path }) {
  if (direction === 'input') return role === 'motion' ? 'motion' : role === 'switch' ? 'switch' : 'button';
  if (direction === 'servo') return 'servo';
  if (direction === 'pulse') return 'climate';
  if (role === 'relay') return 'relay';
  return path in COLOURS ? 'lamp' : 'box';
}

/** @returns {{ element: Element, height: number, terminals: Map<string, number>, update(line): void }} */
export function partOf(thing, { writable, width }) {
  const claims = [...thing.claims].sort((a, b) => order(a.path) - order(b.path));
  const group = s('g', { 'data-thing': thing.name });
  const drawn = new Map();
  const terminals = new Map();
  let y = 22;
  group.append(s('text', { class: 'name', x: 0, y: 13 }, shorten(thing.name, width)));
  const lampsOnly = claims.every((claim) => kindOf(thing.role, claim) === 'lamp') && claims.length > 1;
  const housing = s('rect', { class: 'body', x: 8, y, width: 46, height: claims.length * 38 + 6, rx: 12 });
  if (lampsOnly) group.append(housing);
  for (const claim of claims) {
    const kind = kindOf(thing.role, claim);
    const piece = PIECES[kind](thing, claim, { writable, framed: lampsOnly });
    piece.element.setAttribute('transform', `translate(8 ${y})`);
    piece.element.setAttribute('data-line', claim.line);
    group.append(piece.element);
    terminals.set(claim.line, y + piece.height / 2);
    drawn.set(claim.line, piece);
    y += piece.height;
  }
  return {
    element: group,
    height: y + 14,
    terminals,
    update: (line) => {
      const piece = drawn.get(line.name);
      if (piece === undefined) return;
      piece.element.setAttribute('data-value', line.value ?? 'unknown');
      piece.update(line);
    },
  };
}

function order(path) {
  return ['red', 'yellow', 'green'].indexOf(path);
}

function shorten(name, width) {
  const most = Math.max(8, Math.floor(width / 7.2));
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

const PIECES = {
  lamp(thing, claim, { framed }) {
    const colour = COLOURS[claim.path];
    const halo = s('circle', {
      class: 'halo',
      cx: 23,
      cy: 22,
      r: 24,
      fill: colour,
      opacity: 0,
      filter: 'url(#glow)',
    });
    const lamp = s('circle', { cx: 23, cy: 22, r: 14, fill: colour });
    const dark = s('circle', { class: 'off', cx: 23, cy: 22, r: 14 });
    const title = s('title', {}, `${thing.name} ${claim.path}`);
    const element = s(
      'g',
      { role: 'img', 'aria-label': `${thing.name} ${claim.path}` },
      title,
      halo,
      lamp,
      dark,
    );
    if (!framed) lamp.setAttribute('stroke', '#566069');
    return {
      element,
      height: 38,
      update({ value, duty, consumer }) {
        // PWM: as bright as the share of time that it is on
        const light = duty ?? (value === 'active' ? 1 : 0);
        halo.setAttribute('opacity', (light * 0.55).toFixed(2));
        dark.setAttribute('opacity', (0.82 * (1 - Math.sqrt(light))).toFixed(2));
        dark.style.opacity = (0.82 * (1 - Math.sqrt(light))).toFixed(2);
        element.setAttribute(
          'aria-label',
          `${thing.name} ${claim.path === 'line' ? '' : claim.path} ${light > 0 ? t('on') : t('off')}${consumer ? '' : ` (${t('nobody')})`}`,
        );
      },
    };
  },
  button: (thing, claim, options) => contact(thing, claim, options, 'press'),
  motion: (thing, claim, options) => contact(thing, claim, options, 'wave'),
  switch: (thing, claim, options) => contact(thing, claim, options, 'toggle'),
  relay(thing) {
    const arm = s('line', {
      x1: 14,
      y1: 26,
      x2: 44,
      y2: 12,
      stroke: '#e7edf1',
      'stroke-width': 3,
      'stroke-linecap': 'round',
    });
    const element = s(
      'g',
      { role: 'img', 'aria-label': thing.name },
      s('rect', { class: 'body', width: 58, height: 38, rx: 6 }),
      s('circle', { cx: 14, cy: 26, r: 3.5, fill: '#d9b44a' }),
      s('circle', { cx: 44, cy: 26, r: 3.5, fill: '#d9b44a' }),
      arm,
    );
    return {
      element,
      height: 42,
      update({ value }) {
        arm.setAttribute('y2', value === 'active' ? 26 : 12);
        arm.setAttribute('stroke', value === 'active' ? '#22d366' : '#e7edf1');
        element.setAttribute('aria-label', `${thing.name} ${t(value === 'active' ? 'on' : 'off')}`);
      },
    };
  },
  servo(thing) {
    const horn = s('line', {
      x1: 29,
      y1: 20,
      x2: 29,
      y2: 4,
      stroke: '#fff',
      'stroke-width': 6,
      'stroke-linecap': 'round',
    });
    const element = s(
      'g',
      { role: 'img', 'aria-label': thing.name },
      s('rect', { class: 'body', y: 4, width: 58, height: 32, rx: 4 }),
      s('circle', { cx: 29, cy: 20, r: 7, fill: '#566069' }),
      horn,
    );
    return {
      element,
      height: 42,
      update({ pulseWidthUs }) {
        horn.setAttribute('transform', `rotate(${pulseWidthUs ? (pulseWidthUs - 1500) * 0.09 : 0} 29 20)`);
        horn.setAttribute('opacity', pulseWidthUs ? 1 : 0.4);
        element.setAttribute(
          'aria-label',
          `${thing.name} ${pulseWidthUs ? `${Math.round(pulseWidthUs)} µs` : t('off')}`,
        );
      },
    };
  },
  climate(thing) {
    const holes = [0, 1, 2, 3].map((i) =>
      s('line', { x1: 8, x2: 44, y1: 10 + i * 7, y2: 10 + i * 7, stroke: '#4d8fc4', 'stroke-width': 3 }),
    );
    return {
      element: s(
        'g',
        { role: 'img', 'aria-label': thing.name },
        s('rect', { fill: '#dfeaf3', stroke: '#4d8fc4', width: 52, height: 40, rx: 4 }),
        holes,
      ),
      height: 44,
      update: () => {},
    };
  },
  box(thing, claim) {
    const light = s('circle', { cx: 48, cy: 17, r: 5, fill: '#566069' });
    const element = s(
      'g',
      { role: 'img', 'aria-label': `${thing.name} ${claim.path}` },
      s('rect', { class: 'body', width: 60, height: 34, rx: 5 }),
      s('text', { x: 6, y: 21 }, claim.path.slice(0, 6)),
      light,
    );
    return {
      element,
      height: 38,
      update: ({ value }) => light.setAttribute('fill', value === 'active' ? '#22d366' : '#566069'),
    };
  },
};

/** A contact that a hand can close, where the board is software. */
function contact(thing, claim, { writable }, verb) {
  const dome = verb === 'wave';
  const cap = s('circle', { class: 'cap', cx: 24, cy: 22, r: dome ? 17 : 12 });
  if (dome) cap.setAttribute('fill-opacity', 0.35);
  const element = s(
    'g',
    {},
    s('rect', { class: 'body', x: 4, y: 2, width: 40, height: 40, rx: dome ? 20 : 6 }),
    cap,
  );
  const label = `${thing.name}: ${t(verb)}`;
  element.prepend(s('title', {}, label));
  if (!writable) {
    element.setAttribute('role', 'img');
    element.setAttribute('aria-label', thing.name);
    return { element, height: 46, update: mark };
  }
  element.setAttribute('role', 'button');
  element.setAttribute('tabindex', '0');
  element.setAttribute('aria-label', label);
  element.setAttribute('aria-pressed', 'false');
  // a contact closes against the pull; without one it drives both ways, as a detector does
  const pull = claim.bias;
  const closed = pull === 'pull-up' || (pull !== 'pull-down' && claim.activeLow) ? 'low' : 'high';
  const opened = pull === 'pull-up' || pull === 'pull-down' ? null : closed === 'low' ? 'high' : 'low';
  let down = false;
  let sending = Promise.resolve();
  const held = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const move = (next) => {
    if (down === next) return;
    down = next;
    element.setAttribute('aria-pressed', String(down));
    const level = next ? closed : opened;
    // in order: a release must not overtake its press
    sending = sending
      .then(() => post('/api/line', { line: claim.line, level }))
      // longer than a debounce, however short the tap and the pause after it
      .then(() => held(SHORTEST_PRESS_MS))
      .catch((error) => element.setAttribute('aria-label', `${label} (${error.message})`));
  };
  if (verb === 'toggle') {
    element.addEventListener('click', () => move(!down));
    element.addEventListener('keydown', (event) => isPress(event) && move(!down));
  } else {
    element.addEventListener('pointerdown', (event) => {
      element.setPointerCapture(event.pointerId);
      move(true);
    });
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur'])
      element.addEventListener(name, () => move(false));
    element.addEventListener('keydown', (event) => isPress(event) && move(true));
    element.addEventListener('keyup', (event) => isPress(event) && move(false));
    // a screen reader clicks without a pointer
    element.addEventListener('click', (event) => {
      if (event.detail !== 0 || down) return;
      move(true);
      setTimeout(() => move(false), 120);
    });
  }
  return { element, height: 46, update: mark };

  function mark({ value }) {
    cap.setAttribute('opacity', value === 'active' ? 1 : 0.75);
  }
}

function isPress(event) {
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  event.preventDefault();
  return !event.repeat;
}
