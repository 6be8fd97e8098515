/**
 * Drawings: a lamp, a button, a relay. Each returns its element, its height, `update(line)`, and where it can say more
 * than active or inactive `words(line)`; what a hand can do with it is its `verb`.
 */
import { contact } from './contact.js';
import { s } from './dom.js';
import { t } from './text.js';

const COLOURS = { red: '#ff3b30', yellow: '#ffc400', green: '#22d366', line: '#ff5e3a' };

/** Kind of drawing for a claim of a role. */
export function kindOf(role, { direction, path }) {
  if (role === 'distance') return 'eye';
  if (direction === 'input') return role === 'motion' ? 'motion' : role === 'switch' ? 'switch' : 'button';
  if (direction === 'servo') return 'servo';
  if (direction === 'pulse') return 'climate';
  if (role === 'relay') return 'relay';
  return path in COLOURS ? 'lamp' : 'box';
}

const onOff = ({ value, duty }) =>
  duty !== undefined && duty > 0 && duty < 1
    ? `${Math.round(duty * 100)} %`
    : t(value === undefined ? 'unknown' : value === 'active' ? 'on' : 'off');

export const PIECES = {
  lamp(thing, claim, { housed }) {
    const at = { cx: 30, cy: 19 };
    const colour = COLOURS[claim.path];
    const halo = s('circle', { class: 'halo', ...at, r: 24, fill: colour, opacity: 0, filter: 'url(#glow)' });
    const dark = s('circle', { class: 'off', ...at, r: 14 });
    const label = housed ? `${thing.name} ${claim.path}` : thing.name;
    const element = s(
      'g',
      { role: 'img', 'aria-label': label },
      halo,
      s('circle', { ...at, r: 14, fill: colour, stroke: housed ? 'none' : '#566069' }),
      dark,
      s('circle', { class: 'shine', cx: 25, cy: 13, r: 3.5 }),
    );
    return {
      element,
      height: 38,
      words: onOff,
      update(line) {
        // PWM: as bright as the share of time that it is on
        const light = line.duty ?? (line.value === 'active' ? 1 : 0);
        halo.setAttribute('opacity', (light * 0.55).toFixed(2));
        dark.style.opacity = (0.82 * (1 - Math.sqrt(light))).toFixed(2);
        element.setAttribute(
          'aria-label',
          `${label} ${onOff(line)}${line.consumer ? '' : ` (${t('nobody')})`}`,
        );
      },
    };
  },
  button(thing, claim, { playable }) {
    const cap = s('circle', { class: 'cap', cx: 30, cy: 20, r: 12 });
    const element = s('g', {}, s('rect', { class: 'body', x: 10, width: 40, height: 40, rx: 7 }), cap);
    return contact({ thing, claim, playable, verb: 'press', element, cap, height: 40 });
  },
  switch(thing, claim, { playable }) {
    const cap = s('rect', { class: 'cap', x: 13, y: 7, width: 20, height: 20, rx: 10 });
    const element = s('g', {}, s('rect', { class: 'body', x: 8, y: 2, width: 44, height: 30, rx: 15 }), cap);
    const slide = ({ value }) => cap.setAttribute('x', value === 'active' ? 28 : 12);
    return contact({ thing, claim, playable, verb: 'toggle', element, cap, height: 34, draw: slide });
  },
  motion(thing, claim, { playable }) {
    const cap = s('circle', { class: 'cap dome', cx: 22, cy: 21, r: 16 });
    const facets = s('path', {
      class: 'facets',
      d: 'M8 14 H36 M6 21 H38 M8 28 H36 M15 7 V35 M22 5 V37 M29 7 V35',
    });
    const element = s(
      'g',
      {},
      s('rect', { class: 'body', x: 2, width: 40, height: 42, rx: 8 }),
      cap,
      facets,
      playable && hand(),
    );
    return contact({ thing, claim, playable, verb: 'wave', element, cap, height: 42 });
  },
  relay(thing) {
    const arm = s('line', { class: 'arm', x1: 15, y1: 26, x2: 45, y2: 12 });
    const element = s(
      'g',
      { role: 'img', 'aria-label': thing.name },
      s('rect', { class: 'body', x: 1, width: 58, height: 38, rx: 6 }),
      s('circle', { class: 'contact', cx: 15, cy: 26, r: 3.5 }),
      s('circle', { class: 'contact', cx: 45, cy: 26, r: 3.5 }),
      arm,
    );
    return {
      element,
      height: 38,
      words: onOff,
      update(line) {
        const closed = line.value === 'active';
        arm.setAttribute('y2', closed ? 26 : 12);
        arm.classList.toggle('closed', closed);
        element.setAttribute('aria-label', `${thing.name} ${onOff(line)}`);
      },
    };
  },
  servo(thing) {
    const horn = s('line', { class: 'horn', x1: 30, y1: 20, x2: 30, y2: 4 });
    const element = s(
      'g',
      { role: 'img', 'aria-label': thing.name },
      s('rect', { class: 'body', x: 1, y: 4, width: 58, height: 32, rx: 4 }),
      s('circle', { cx: 30, cy: 20, r: 7, fill: '#566069' }),
      horn,
    );
    const words = ({ pulseWidthUs }) => (pulseWidthUs ? `${Math.round(pulseWidthUs)} µs` : t('off'));
    return {
      element,
      height: 40,
      words,
      update(line) {
        const { pulseWidthUs } = line;
        horn.setAttribute('transform', `rotate(${pulseWidthUs ? (pulseWidthUs - 1500) * 0.09 : 0} 30 20)`);
        horn.setAttribute('opacity', pulseWidthUs ? 1 : 0.4);
        element.setAttribute('aria-label', `${thing.name} ${words(line)}`);
      },
    };
  },
  climate(thing) {
    const element = s(
      'g',
      { role: 'img', 'aria-label': thing.name },
      s('rect', { class: 'sensor', x: 6, width: 48, height: 38, rx: 5 }),
      [0, 1, 2, 3].map((i) => s('line', { class: 'slot', x1: 14, x2: 46, y1: 8.5 + i * 7, y2: 8.5 + i * 7 })),
    );
    return { element, height: 38, update: () => {} };
  },
  /** One of the two of an ultrasonic sensor. */
  eye(thing, claim) {
    const at = { cx: 30, cy: 19 };
    const element = s(
      'g',
      { role: 'img', 'aria-label': `${thing.name} ${claim.path}` },
      s('circle', { class: 'sensor', ...at, r: 15 }),
      s('circle', { class: 'mesh', ...at, r: 10 }),
      s('text', { class: 'onsensor', x: 30, y: 22.5, 'text-anchor': 'middle' }, claim.path[0].toUpperCase()),
    );
    return { element, height: 38, update: () => {} };
  },
  box(thing, claim) {
    const light = s('circle', { class: 'light', cx: 48, cy: 17, r: 5 });
    const label = `${thing.name} ${claim.path}`;
    const element = s(
      'g',
      { role: 'img', 'aria-label': label },
      s('rect', { class: 'body', width: 60, height: 34, rx: 5 }),
      s('text', { class: 'onbody', x: 6, y: 21 }, claim.path.slice(0, 6)),
      light,
    );
    return {
      element,
      height: 34,
      words: onOff,
      update(line) {
        light.classList.toggle('lit', line.value === 'active');
        element.setAttribute('aria-label', `${label} ${onOff(line)}`);
      },
    };
  },
};

/** Beside the dome until it is waved past it. */
function hand() {
  return s(
    'g',
    { class: 'hand' },
    s('path', {
      d: 'M46 24 v-9 a2 2 0 0 1 4 0 v6 v-9 a2 2 0 0 1 4 0 v9 v-7 a2 2 0 0 1 4 0 v13 c0 6 -3 9 -8 9 c-5 0 -7 -4 -10 -9 c-1 -2 2 -4 4 -2 z',
    }),
  );
}
