/** Bounds of the service. Everything that a client can make grow has one. */
export interface ShadowLimits {
  /**
   * Bytes of `desired` plus bytes of `reported` as compact UTF-8 JSON, inclusive; metadata does not count. 1..30720,
   * default 8192 as in AWS IoT.
   */
  readonly documentBytes: number;
  /** Levels of nesting in a request's `desired` or `reported`, that object being the first. 1..32, default 6. */
  readonly depth: number;
  /** Bytes of a request; default 131072, AWS IoT's limit for an MQTT payload. */
  readonly payloadBytes: number;
  /** Unanswered requests of one MQTT client; more are answered with 429. Default 10 as in AWS IoT. */
  readonly inFlightPerClient: number;
  /** Requests per second for one thing over MQTT; more are answered with 429. 0, the default: no such limit. */
  readonly requestsPerSecondPerThing: number;
  /** Unanswered requests of all callers together; more are answered with 429. Default 10000. */
  readonly pendingRequests: number;
  /** Bytes of payload that unanswered requests may hold; more are answered with 429. Default 32 MiB. */
  readonly pendingBytes: number;
  /** Documents kept in memory so that the next request finds them parsed. Default 4096. */
  readonly cachedDocuments: number;
  /** Bytes of JSON text that the kept documents stand for; memory used is about four times that. Default 8 MiB. */
  readonly cachedBytes: number;
  /** Milliseconds that a deleted shadow's version is remembered; default 48 h as in AWS IoT. */
  readonly versionMemoryMs: number;
}

export const SHADOW_LIMITS: ShadowLimits = {
  documentBytes: 8_192,
  depth: 6,
  payloadBytes: 131_072,
  inFlightPerClient: 10,
  requestsPerSecondPerThing: 0,
  pendingRequests: 10_000,
  pendingBytes: 32 * 1024 * 1024,
  cachedDocuments: 4_096,
  cachedBytes: 8 * 1024 * 1024,
  versionMemoryMs: 48 * 3_600_000,
};

const RANGES: Readonly<Record<keyof ShadowLimits, readonly [from: number, to: number]>> = {
  documentBytes: [1, 30_720],
  depth: [1, 32],
  payloadBytes: [1, 1_048_576],
  inFlightPerClient: [1, 1_000_000],
  requestsPerSecondPerThing: [0, 1_000_000],
  pendingRequests: [1, 1_000_000],
  pendingBytes: [1, 1_073_741_824],
  cachedDocuments: [0, 1_000_000],
  cachedBytes: [0, 1_073_741_824],
  versionMemoryMs: [0, 365 * 86_400_000],
};

/** The defaults with `given` over them. @throws {RangeError} naming the limit and its range */
export function shadowLimits(given: Partial<ShadowLimits> = {}): ShadowLimits {
  const limits = { ...SHADOW_LIMITS, ...given };
  for (const [name, [from, to]] of Object.entries(RANGES)) {
    const value = limits[name as keyof ShadowLimits];
    if (!Number.isInteger(value) || value < from || value > to) {
      throw new RangeError(`shadow limit ${name}: ${value} is not a whole number in ${from}..${to}`);
    }
  }
  return limits;
}
