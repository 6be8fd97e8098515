/** The parts that are wired to the board, each with its name and what it does just now. The drawings are in pieces.js. */
import { s } from './dom.js';
import { kindOf, PIECES } from './pieces.js';
import { t } from './text.js';

/** Width of a drawing; names stand beside it. */
const DRAWN = 60;
const LABEL_X = DRAWN + 7;
const LABEL_HEIGHT = 34;
/** Mean width of a letter of a name and of the line below it. */
const LETTER = 7;
const SMALL_LETTER = 6.2;

/**
 * @returns `element`, its `height`, `terminals` ({ line, path, y } where wires end), `pieces` ({ element, line }),
 * `update(line)` for a line that changed, `follow(shadow)` for the thing's shadow
 */
export function partOf(thing, { playable, width }) {
  const claims = [...thing.claims].sort((a, b) => order(a.path) - order(b.path));
  const kinds = claims.map((claim) => kindOf(thing.role, claim));
  const housed = claims.length > 1 && kinds.every((kind) => kind === 'lamp' || kind === 'eye');
  const group = s('g', { 'data-thing': thing.name });
  const pieces = [];
  let height = housed ? 4 : 0;
  claims.forEach((claim, i) => {
    const piece = PIECES[kinds[i]](thing, claim, { playable, housed });
    piece.element.setAttribute('transform', `translate(0 ${height})`);
    piece.element.setAttribute('data-line', claim.line);
    pieces.push({
      ...piece,
      line: claim.line,
      path: claim.path,
      y: height + piece.height / 2,
      value: undefined,
    });
    height += piece.height + (housed || i === claims.length - 1 ? 0 : 6);
  });
  if (housed) {
    height += 4;
    group.append(s('rect', { class: 'body', x: 6, width: 48, height, rx: 13 }));
  }
  const drawn = height;
  height = Math.max(height, LABEL_HEIGHT);
  const top = (height - LABEL_HEIGHT) / 2;
  const now = s('text', { class: 'now', x: LABEL_X, y: top + 29 });
  group.append(
    ...pieces.map(({ element }) => element),
    s(
      'text',
      { class: 'name', x: LABEL_X, y: top + 13 },
      s('title', {}, thing.name),
      shorten(thing.name, (width - LABEL_X) / LETTER),
    ),
    now,
  );
  let shadow;
  const tell = () => {
    const words = wordsOf(thing, pieces, shadow?.reported);
    now.textContent = shorten(words, (width - LABEL_X) / SMALL_LETTER);
  };
  tell();
  return {
    name: thing.name,
    element: group,
    height: Math.max(height, drawn),
    hint: playable && pieces[0]?.verb ? t(`do${pieces[0].verb}`) : undefined,
    terminals: pieces.map(({ line, path, y }) => ({ line, path, y })),
    pieces: pieces.map(({ element, line }) => ({ element, line })),
    update(line) {
      for (const piece of pieces) {
        if (piece.line !== line.name) continue;
        piece.value = line;
        piece.element.setAttribute('data-value', line.value ?? 'unknown');
        piece.update(line);
        tell();
      }
    },
    follow(next) {
      shadow = next;
      tell();
    },
  };
}

/** What the part does, as short as can be. */
function wordsOf({ role, claims }, pieces, reported) {
  if (role === 'climate') {
    const { temperatureC, humidityPercent } = reported ?? {};
    return typeof temperatureC === 'number'
      ? `${temperatureC} °C · ${humidityPercent} %`
      : t('nomeasurement');
  }
  if (role === 'distance') {
    const { distanceCm, measuredAt } = reported ?? {};
    if (distanceCm !== undefined) return `${distanceCm} cm`;
    return t(measuredAt === undefined ? 'nomeasurement' : 'nothingnear');
  }
  const lit = pieces.filter(({ value }) => value?.value === 'active');
  if (claims.length > 1) return lit.length > 0 ? lit.map(({ path }) => t(path)).join(', ') : t('off');
  const [{ value, words } = {}] = pieces;
  return value === undefined ? '' : (words?.(value) ?? t(value.value ?? 'unknown'));
}

function order(path) {
  return ['red', 'yellow', 'green'].indexOf(path);
}

function shorten(name, letters) {
  const most = Math.max(6, Math.floor(letters));
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}
