import type { Store } from '../store/contract.js';
import type { LinkSession } from '../things/session.js';

/** The session with AWS IoT, remembered in a section of the store: it outlives this process. */
export function keptSession(section: Store, endpoint: string, expiryMs: number): LinkSession {
  return {
    expirySeconds: Math.ceil(expiryMs / 1_000),
    load: async () => {
      const bytes = await section.get(endpoint);
      return bytes === undefined
        ? undefined
        : (JSON.parse(Buffer.from(bytes).toString('utf8')) as readonly string[]);
    },
    save: (filters) => section.write([{ type: 'put', key: endpoint, value: JSON.stringify(filters) }]),
  };
}
