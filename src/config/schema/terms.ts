/** Small schemas that several parts share. */
import type { JsonObject } from '../../../hal/index.js';

/** JSON Schema draft-07. `env` names the environment variable that overrides a setting. */
export type Schema = JsonObject;

/** Names of things: the characters and length that AWS IoT allows. */
export const NAME: Schema = {
  type: 'string',
  pattern: '^[a-zA-Z0-9:_-]{1,128}$',
  description: 'Letters, digits, ":", "_" and "-", at most 128.',
};

/** Host name or address, without port. */
export const HOST: Schema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_.:%-]{1,253}$',
  description: 'Host name or address, without port.',
};

export const LISTEN_PORT: Schema = {
  type: 'integer',
  minimum: 0,
  maximum: 65_535,
  description: 'Port to listen on; 0 takes any free one.',
};

export const REMOTE_PORT: Schema = {
  type: 'integer',
  minimum: 1,
  maximum: 65_535,
  description: 'Port to connect to.',
};

/** Of AWS. */
export const REGION: Schema = { type: 'string', pattern: '^[a-z0-9-]{1,64}$' };

export const FILE_PATH: Schema = { type: 'string', minLength: 1, maxLength: 4096 };

/** Which client speaks MQTT. */
export const TRANSPORT: Schema = {
  enum: ['mqtt', 'aws-sdk'],
  description:
    'MQTT client: `mqtt` runs everywhere; `aws-sdk` is aws-iot-device-sdk-v2, an optional package without a build for 32-bit Arm.',
};

/** How the description of a file with the CA of one of Amazon’s servers ends. */
export const AMAZON_CA =
  'relative to the configuration file. Absent: the roots that Node knows, Amazon’s among them.';

/** The same with other words, default or variable. */
export function term(base: Schema, more: Schema): Schema {
  return { ...base, ...more };
}

/**
 * A section of settings. Unknown keys are errors. A section whose schema has `default: {}` is always there; one
 * without is there only when the file has it.
 */
export function section(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  more: Schema = {},
): Schema {
  return { type: 'object', description, properties, additionalProperties: false, ...more };
}
