import type { Neighbours } from '../../devices/contract.js';
import type { Clock, JsonObject, JsonValue } from '../../hal/index.js';
import { parsePayload } from './connection.js';
import type { Link } from './link.js';
import { ShadowClient } from './shadow-client.js';

/** Other members of the group, reached over the thing's own link. */
export class LinkNeighbours implements Neighbours {
  readonly #shadows = new Map<string, ShadowClient>();

  constructor(
    private readonly link: Link,
    private readonly clock: Clock,
    private readonly thing: string,
  ) {}

  /** Begins to listen for the answers of things that will be driven or followed; call before the link starts. */
  prepare(things: readonly string[]): void {
    for (const thing of things) this.#shadowOf(thing);
  }

  async desire(thing: string, state: JsonObject): Promise<void> {
    await this.#shadowOf(thing).update({ desired: state });
  }

  follow(thing: string, listener: (reported: JsonObject) => void): () => void {
    const shadow = this.#shadowOf(thing);
    let version = 0;
    let ended = false;
    const tell = (reported: JsonObject | undefined, at: number): void => {
      if (ended || at <= version) return;
      version = at;
      listener(reported ?? {});
    };
    const unlisten = shadow.onDocument((document) => tell(document.state.reported, document.version));
    this.link.onOnline(async () => {
      if (ended) return;
      const document = await shadow.get();
      // a shadow that was deleted and made again may count from a lower number
      if (document && document.version < version) version = 0;
      if (document) tell(document.state.reported, document.version);
    });
    return () => {
      ended = true;
      unlisten();
    };
  }

  async publish(topic: string, payload: JsonValue): Promise<void> {
    await this.link.enqueue(topic, JSON.stringify(payload));
  }

  receive(filter: string, listener: (topic: string, payload: JsonValue) => void): () => void {
    return this.link.listen(filter, (topic, payload) => listener(topic, parsePayload(payload)));
  }

  #shadowOf(thing: string): ShadowClient {
    let shadow = this.#shadows.get(thing);
    if (shadow === undefined) {
      shadow = new ShadowClient(this.link, this.clock, this.thing, thing);
      shadow.open();
      this.#shadows.set(thing, shadow);
    }
    return shadow;
  }
}
