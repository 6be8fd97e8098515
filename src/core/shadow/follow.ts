import type { ShadowChange } from './contract.js';
import type { ShadowDocument } from './document.js';
import { shadowId } from './names.js';
import type { ShadowService } from './service.js';

/**
 * Resolves with the document as soon as `reported` agrees with `desired`; with undefined when the shadow does not exist
 * or is deleted meanwhile. Rejects with the signal's reason; nothing stays behind then.
 */
export function untilReported(
  service: ShadowService,
  thing: string,
  shadow: string | undefined,
  signal: AbortSignal,
): Promise<ShadowDocument | undefined> {
  const id = shadowId(thing, shadow);
  return new Promise((resolve, reject) => {
    const settle = (document: ShadowDocument | undefined): void => {
      if (document?.difference !== undefined) return;
      end();
      resolve(document);
    };
    const onChange = (change: ShadowChange): void => {
      if (change.thing === id.thing && change.shadow === id.shadow) settle(change.current);
    };
    const onAbort = (): void => {
      end();
      reject(signal.reason);
    };
    const end = (): void => {
      service.events.off('changed', onChange);
      signal.removeEventListener('abort', onAbort);
    };
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    // listening first, so that no change falls between
    service.events.on('changed', onChange);
    service.read(id.thing, id.shadow).then(settle, (error: unknown) => {
      end();
      reject(error);
    });
  });
}
