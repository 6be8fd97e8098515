import { type ShadowId, shadowId } from './names.js';

/** Everything that concerns shadows, requests and answers. */
export const SHADOW_TOPICS = '$aws/things/+/shadow/#';

export type ShadowOperation = 'get' | 'update' | 'delete';
export type ShadowAnswer = 'accepted' | 'rejected' | 'delta' | 'documents';

export interface RequestTopic {
  readonly id: ShadowId;
  readonly operation: ShadowOperation;
}

const PREFIX = '$aws/things/';
const CLASSIC = 'shadow';
const NAMED = 'shadow/name/';
/** MQTT's limit for a topic (65,535 bytes) less the longest answer that is put behind it. */
const MAX_TOPIC = 65_535 - '/documents'.length;

/**
 * The request that a topic stands for; undefined for every other topic (answers among them), which is then ignored, as
 * AWS's shadow manager does. The names are not checked here. Segments are taken from the left, so a shadow may be
 * named `shadow` or `name`. An empty shadow name (`…/shadow/name//get`) is the classic shadow.
 */
export function parseRequestTopic(topic: string): RequestTopic | undefined {
  if (!topic.startsWith(PREFIX) || topic.length > MAX_TOPIC || Buffer.byteLength(topic) > MAX_TOPIC) {
    return undefined;
  }
  const thingEnd = topic.indexOf('/', PREFIX.length);
  const last = topic.lastIndexOf('/');
  if (thingEnd === -1 || last === thingEnd) return undefined;
  const operation = operationOf(topic.slice(last + 1));
  if (operation === undefined) return undefined;
  const thing = topic.slice(PREFIX.length, thingEnd);
  const middle = topic.slice(thingEnd + 1, last);
  if (middle === CLASSIC) return { id: shadowId(thing), operation };
  if (!middle.startsWith(NAMED)) return undefined;
  return { id: shadowId(thing, middle.slice(NAMED.length)), operation };
}

function operationOf(segment: string): ShadowOperation | undefined {
  return segment === 'update' || segment === 'get' || segment === 'delete' ? segment : undefined;
}

/** `$aws/things/T/shadow` or `$aws/things/T/shadow/name/S`. */
export function shadowTopic({ thing, shadow }: ShadowId): string {
  return shadow === undefined ? `${PREFIX}${thing}/shadow` : `${PREFIX}${thing}/shadow/name/${shadow}`;
}

export function requestTopic(id: ShadowId, operation: ShadowOperation): string {
  return `${shadowTopic(id)}/${operation}`;
}

export function answerTopic(id: ShadowId, operation: ShadowOperation, answer: ShadowAnswer): string {
  return `${shadowTopic(id)}/${operation}/${answer}`;
}
