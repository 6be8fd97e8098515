/** What the subscription table says of a message: the server sends who sent it, not who may have it. */
export const SHADOW = 'GGShadowService';
export const CLOUD = 'cloud';
/** A level of a subject that stands for the thing's own name. */
const OWN_NAME = '$' + '{thing}';

/** The members that a party of a row stands for. */
export function stands(party, { things }) {
  const role = /^every ([\w-]+)$/.exec(party)?.[1];
  if (role === 'thing') return things.map(({ name }) => name);
  if (role !== undefined) return things.filter((thing) => thing.role === role).map(({ name }) => name);
  return [party];
}

/** Whom the rows let have the message. */
export function receivers({ from, topic }, state) {
  const found = new Set();
  if (topic.startsWith('$aws/things/')) found.add(from === SHADOW ? topic.split('/')[2] : SHADOW);
  for (const { source, subject, target } of state.rows) {
    if (subject.includes(OWN_NAME) || !fits(subject, topic) || !stands(source, state).includes(from))
      continue;
    for (const to of stands(target, state)) found.add(to);
  }
  found.delete(from);
  // what keeps measurements is no member
  found.delete('@telemetry');
  return [...found];
}

/** MQTT topic filters (MQTT 5.0, 4.7). */
function fits(filter, topic) {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return true;
    if (levels[i] === undefined || (wanted[i] !== '+' && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}
