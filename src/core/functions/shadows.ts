/** What functions reach of the shadow service: straight, without rows, as Greengrass functions do. */
import type { JsonObject } from '../../../hal/index.js';
import { parseRequestTopic, ShadowError } from '../shadow/index.js';
import type { FunctionContext } from './contract.js';

/** The part of `ShadowService` that is needed. Each rejects with a {@link ShadowError}. */
export interface FunctionShadows {
  get(thing: string, shadow?: string): Promise<object>;
  update(
    thing: string,
    shadow: string | undefined,
    payload: Buffer | object,
    by: string,
  ): Promise<{ readonly accepted: object }>;
  delete(thing: string, shadow: string | undefined, by: string): Promise<object>;
}

/** The shadow calls of a function's context: absence instead of a 404. */
export function shadowCalls(
  shadows: FunctionShadows,
  by: string,
): Pick<FunctionContext, 'getShadow' | 'updateShadow'> {
  return {
    async getShadow(thing, shadow) {
      try {
        return (await shadows.get(thing, shadow)) as JsonObject;
      } catch (error) {
        if (error instanceof ShadowError && error.code === 'SHADOW_NOT_FOUND') return undefined;
        throw error;
      }
    },
    async updateShadow(thing, document, shadow) {
      const { accepted } = await shadows.update(thing, shadow, document, by);
      return accepted as JsonObject;
    },
  };
}

/**
 * A request as the V1 SDKs make it, on a shadow topic.
 * @returns body of the accepted or the rejected message: both are results, since the SDKs look into the body
 */
export async function shadowRequest(
  shadows: FunctionShadows,
  request: {
    readonly topic: string;
    readonly payload: Buffer;
    readonly by: string;
    readonly timestamp: number;
  },
): Promise<object> {
  const { topic, payload, by, timestamp } = request;
  const asked = parseRequestTopic(topic);
  if (asked === undefined)
    return { code: 400, message: `no shadow request: ${topic.slice(0, 256)}`, timestamp };
  const { thing, shadow } = asked.id;
  try {
    if (asked.operation === 'get') return await shadows.get(thing, shadow);
    if (asked.operation === 'delete') return await shadows.delete(thing, shadow, by);
    return (await shadows.update(thing, shadow, payload, by)).accepted;
  } catch (error) {
    if (!(error instanceof ShadowError)) throw error;
    return { code: error.protocolCode, message: error.message, timestamp };
  }
}
