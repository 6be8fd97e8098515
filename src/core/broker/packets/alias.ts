/** Topic aliases towards a client (3.3.2.3.4): the first topics of a connection get one each, for as long as it lasts. */
export class AliasTable {
  readonly #aliases = new Map<string, number>();

  /** @param maximum highest alias that the client accepts [MQTT-3.1.2-26] */
  constructor(private readonly maximum: number) {}

  /** @returns 0 when the topic has none */
  find(topic: string): number {
    return this.#aliases.get(topic) ?? 0;
  }

  /** @returns 0 when all are taken */
  add(topic: string): number {
    if (this.#aliases.size >= this.maximum) return 0;
    const alias = this.#aliases.size + 1;
    this.#aliases.set(topic, alias);
    return alias;
  }

  /** Takes back the last one added, which was not sent. */
  remove(topic: string): void {
    this.#aliases.delete(topic);
  }
}
