/** A contact that a hand can close, where the board is software: by pointer, keyboard and assistive technology. */
import { post } from './dom.js';
import { t } from './text.js';

/** A press, and a release, last at least this long: longer than a debounce. */
const SHORTEST_PRESS_MS = 80;

/** Makes `element` a button. @param verb `press` and `wave` last while they are held, `toggle` stays */
export function contact({ thing, claim, playable, verb, element, cap, height, draw }) {
  const label = `${thing.name}: ${t(verb)}`;
  const stays = verb === 'toggle';
  const words = ({ value }) =>
    t(value === undefined ? 'unknown' : value === 'active' ? `${verb}active` : `${verb}inactive`);
  const update = (line) => {
    cap.classList.toggle('closed', line.value === 'active');
    if (!playable) element.setAttribute('aria-label', `${thing.name} ${words(line)}`);
    draw?.(line);
  };
  if (!playable) {
    element.setAttribute('role', 'img');
    element.setAttribute('aria-label', thing.name);
    return { element, height, words, update };
  }
  element.setAttribute('role', 'button');
  element.setAttribute('tabindex', '0');
  element.setAttribute('aria-label', label);
  element.setAttribute('aria-pressed', 'false');
  const move = mover(element, claim, label);
  if (stays) {
    element.addEventListener('click', () => move(!move.down));
    element.addEventListener('keydown', (event) => isPress(event) && move(!move.down));
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
      if (event.detail !== 0 || move.down) return;
      move(true);
      setTimeout(() => move(false), SHORTEST_PRESS_MS);
    });
  }
  return { element, height, words, update, verb };
}

function mover(element, { line, bias, activeLow }, label) {
  // a contact closes against the pull; without one it drives both ways, as a detector does
  const closed = bias === 'pull-up' || (bias !== 'pull-down' && activeLow) ? 'low' : 'high';
  const opened = bias === 'pull-up' || bias === 'pull-down' ? null : closed === 'low' ? 'high' : 'low';
  let sending = Promise.resolve();
  const held = () => new Promise((resolve) => setTimeout(resolve, SHORTEST_PRESS_MS));
  const move = (down) => {
    if (move.down === down) return;
    move.down = down;
    element.setAttribute('aria-pressed', String(down));
    // in order: a release must not overtake its press
    sending = sending
      .then(() => post('/api/line', { line, level: down ? closed : opened }))
      .then(held)
      .catch((error) => element.setAttribute('aria-label', `${label} (${error.message})`));
  };
  move.down = false;
  return move;
}

function isPress(event) {
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  event.preventDefault();
  return !event.repeat;
}
