import type { BrokerPolicy } from './contract.js';
import type { Delivery } from './out-queue.js';
import type { Publication } from './publication.js';
import type { StoredSubscription } from './sessions/contract.js';
import { FilterTree } from './topic-tree.js';

/** Topics whose routes are remembered. */
const CACHED_TOPICS = 4_096;

/** Who can be delivered to: a session, or one subscription of a port. */
export interface Target {
  /** Client id or port name, as the policy knows it. */
  readonly name: string;
  /** Can take a message now. */
  readonly ready: boolean;
  /** Keeps messages while it is away. */
  readonly keeps: boolean;
  /** @returns the delivery when it must be kept by the store before the publisher is answered */
  deliver(publication: Publication, receiver: Receiver, sequence: number): Delivery | undefined;
}

export interface Subscription extends StoredSubscription {
  /** What topics are matched against. */
  readonly match: string;
  readonly share: string | undefined;
}

/** One copy of a message for one target: what all its subscriptions that match ask for together. */
export interface Receiver {
  readonly target: Target;
  readonly qos: number;
  readonly retainAsPublished: boolean;
  readonly identifiers: readonly number[] | undefined;
}

/** Subscribers of one `$share/name/filter`; each message goes to one of them (4.8.2). */
interface Group {
  readonly members: Map<Target, Subscription>;
  turn: number;
}

export interface Route {
  readonly receivers: readonly Receiver[];
  readonly groups: readonly { readonly group: { turn: number }; readonly receivers: readonly Receiver[] }[];
}

interface Single {
  readonly target: Target;
  readonly subscription: Subscription;
}

/** Subscriptions, and from them who gets a message: policy asked once per publisher, topic and receiver. */
export class Router {
  readonly #tree = new FilterTree<Single | Group>();
  readonly #routes = new Map<string, Map<string, Route>>();
  #subscriptions = 0;

  constructor(private readonly policy: BrokerPolicy) {}

  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** [MQTT-3.8.4-3]: replaces a subscription of the same target with the same filter. */
  subscribe(target: Target, subscription: Subscription): void {
    this.#routes.clear();
    const { match, share } = subscription;
    if (share === undefined) {
      if (!this.#tree.set(match, target, { target, subscription })) this.#subscriptions += 1;
      return;
    }
    let group = this.#tree.get(match, share) as Group | undefined;
    if (group === undefined) {
      group = { members: new Map(), turn: 0 };
      this.#tree.set(match, share, group);
    }
    if (!group.members.has(target)) this.#subscriptions += 1;
    group.members.set(target, subscription);
  }

  unsubscribe(target: Target, { match, share }: Subscription): void {
    this.#routes.clear();
    if (share === undefined) {
      if (this.#tree.delete(match, target)) this.#subscriptions -= 1;
      return;
    }
    const group = this.#tree.get(match, share) as Group | undefined;
    if (group?.members.delete(target)) this.#subscriptions -= 1;
    if (group?.members.size === 0) this.#tree.delete(match, share);
  }

  /** Forgets what the policy answered. */
  forget(): void {
    this.#routes.clear();
  }

  route(from: string, topic: string): Route {
    let routes = this.#routes.get(topic);
    const known = routes?.get(from);
    if (known) return known;
    if (this.#routes.size >= CACHED_TOPICS) this.#routes.clear();
    if (routes === undefined || !this.#routes.has(topic)) {
      routes = new Map();
      this.#routes.set(topic, routes);
    } else if (routes.size >= CACHED_TOPICS) routes.clear();
    const route = this.#find(from, topic);
    routes.set(from, route);
    return route;
  }

  #find(from: string, topic: string): Route {
    const allowed = new Map<Target, boolean>();
    const mayPass = (target: Target): boolean => {
      let answer = allowed.get(target);
      if (answer === undefined) {
        answer = this.policy.pass(from, topic, target.name);
        allowed.set(target, answer);
      }
      return answer;
    };
    const singles = new Map<Target, Receiver>();
    const groups: Route['groups'][number][] = [];
    for (const entry of this.#tree.match(topic)) {
      if ('members' in entry) {
        const receivers: Receiver[] = [];
        for (const [target, subscription] of entry.members) {
          if (mayPass(target)) receivers.push(merge(target, undefined, subscription));
        }
        if (receivers.length > 0) groups.push({ group: entry, receivers });
        continue;
      }
      const { target, subscription } = entry;
      // [MQTT-3.8.3-3]
      if (subscription.noLocal && target.name === from) continue;
      if (mayPass(target)) singles.set(target, merge(target, singles.get(target), subscription));
    }
    return { receivers: [...singles.values()], groups };
  }
}

/**
 * Subscriptions of one target that overlap: one copy, with the highest QoS of them [MQTT-3.3.4-2] and the identifiers
 * of all [MQTT-3.3.4-4].
 */
function merge(target: Target, before: Receiver | undefined, subscription: Subscription): Receiver {
  const { qos, retainAsPublished, identifier } = subscription;
  const own = identifier === undefined ? undefined : [identifier];
  if (before === undefined) return { target, qos, retainAsPublished, identifiers: own };
  return {
    target,
    qos: Math.max(before.qos, qos),
    retainAsPublished: before.retainAsPublished || retainAsPublished,
    identifiers: own && before.identifiers ? [...before.identifiers, ...own] : (own ?? before.identifiers),
  };
}

/** Whose turn it is in a group: the next that can take a message now, else the next that keeps it. */
export function chooseMember(entry: Route['groups'][number]): Receiver | undefined {
  const { group, receivers } = entry;
  group.turn = (group.turn + 1) % receivers.length;
  let keeper: Receiver | undefined;
  for (let i = 0; i < receivers.length; i += 1) {
    const receiver = receivers[(group.turn + i) % receivers.length] as Receiver;
    if (receiver.target.ready) {
      group.turn = (group.turn + i) % receivers.length;
      return receiver;
    }
    if (keeper === undefined && receiver.target.keeps) keeper = receiver;
  }
  return keeper;
}
