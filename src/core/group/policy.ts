import type { Clock, Log } from '../../../hal/index.js';
import type { Service } from '../../lifecycle.js';
import { ALLOWED, type BrokerPolicy, type ConnectAttempt, type Decision } from '../broker/contract.js';
import type { Group } from './group.js';
import { topicLimitProblem } from './limits.js';
import { Memo } from './memo.js';
import { type RefusalStatus, Refusals } from './refusals.js';
import { CLOUD, SHADOW_SERVICE } from './rows.js';

/** Answers that are remembered: a few MB at most, since a topic has at most 256 bytes. */
const REMEMBERED = 20_000;
const DENIED: Decision = { allowed: false, reason: 'no subscription row has this source and subject' };

export interface GroupPolicyOptions {
  readonly group: Group;
  /** When the thing's certificates were revoked, if they were: `ThingRegistry.revokedAt`. */
  readonly revokedAt: (thing: string) => string | undefined;
  /** When this certificate of the thing was replaced, if it was: `ThingRegistry.endedAt`. */
  readonly endedAt?: (thing: string, certificate: string) => string | undefined;
  /**
   * Port names of the program's own that hear and say everything, such as its dashboard. No client can have them when
   * they are no thing names: use a character that those cannot contain.
   */
  readonly internal?: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The group's rules as the broker asks for them: a client is a thing of the group with the client id of its
 * certificate, and the subscription table decides message by message.
 */
export class GroupPolicy implements BrokerPolicy, Service {
  readonly name = 'group-policy';
  readonly #options: GroupPolicyOptions;
  readonly #refusals: Refusals;
  readonly #passes = new Memo<boolean>(REMEMBERED);
  readonly #publishes = new Memo<Decision>(REMEMBERED);
  #revision = -1;

  constructor(options: GroupPolicyOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.clock, options.log);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#refusals.start();
  }

  async stop(): Promise<void> {
    this.#refusals.stop();
  }

  connect({ clientId, peer }: ConnectAttempt): Decision {
    const { group, revokedAt, endedAt } = this.#options;
    const { identity, certificate } = peer;
    if (identity === undefined) return denied('it showed no certificate of this group');
    const revoked = revokedAt(identity);
    if (revoked !== undefined) return denied(`the thing ${identity} was revoked on ${revoked}`);
    const ended = certificate === undefined ? undefined : endedAt?.(identity, certificate);
    if (ended !== undefined)
      return denied(`the certificate of ${identity} was replaced by a newer one and ended on ${ended}`);
    if (clientId !== identity) {
      return denied(
        `the client id ${JSON.stringify(clientId.slice(0, 128))} is not ${identity}, the thing of its certificate`,
      );
    }
    if (!group.isThing(identity))
      return denied(`the thing ${identity} is not a member of the group ${group.name}`);
    return ALLOWED;
  }

  publish(from: string, topic: string): Decision {
    this.#refresh();
    let decision = this.#publishes.get(from, '', topic);
    if (decision === undefined) {
      decision = this.#decidePublish(from, topic);
      this.#publishes.set(from, '', topic, decision);
    }
    if (!decision.allowed) this.#refusals.count(from, topic, decision.reason);
    return decision;
  }

  /** Every filter within the limits: what it then receives is decided message by message. */
  subscribe(_client: string, filter: string): Decision {
    const { topicBytes } = this.#options.group.limits;
    if (filter.length <= topicBytes && Buffer.byteLength(filter) <= topicBytes) return ALLOWED;
    return denied(`the topic filter is longer than ${topicBytes} bytes`);
  }

  pass(from: string, topic: string, to: string): boolean {
    this.#refresh();
    const known = this.#passes.get(from, to, topic);
    if (known !== undefined) return known;
    const passes =
      this.#isInternal(from) || this.#isInternal(to) || this.#options.group.table.passes(from, topic, to);
    this.#passes.set(from, to, topic, passes);
    return passes;
  }

  /** Refused messages since start, for `status`. */
  refusals(): RefusalStatus {
    return this.#refusals.status();
  }

  #decidePublish(from: string, topic: string): Decision {
    const { group } = this.#options;
    // What the services say is for whoever may hear it, perhaps nobody: that is no refusal.
    if (from === SHADOW_SERVICE || from === CLOUD || this.#isInternal(from)) return ALLOWED;
    const problem = topicLimitProblem(topic, group.limits);
    if (problem !== undefined) return denied(`the topic ${problem}`);
    return group.table.mayPublish(from, topic) ? ALLOWED : DENIED;
  }

  #isInternal(name: string): boolean {
    return this.#options.internal?.has(name) ?? false;
  }

  #refresh(): void {
    const { revision } = this.#options.group;
    if (revision === this.#revision) return;
    this.#revision = revision;
    this.#passes.clear();
    this.#publishes.clear();
  }
}

function denied(reason: string): Decision {
  return { allowed: false, reason };
}
