/** The faults that roles report, always made the same way. */
import { HalError, type JsonValue, messageOf } from '../hal/index.js';
import type { RoleFault, ShadowProperty } from './contract.js';

/** A value that the property does not take. @param expected what it takes, in words */
export function valueFault(property: string, value: JsonValue | undefined, expected: string): RoleFault {
  return {
    code: 'DEVICE_VALUE',
    message: `${property} is ${JSON.stringify(value)}; it takes ${expected}`,
    property,
  };
}

/** A property that the role does not have. */
export function unknownProperty(property: string, properties: readonly ShadowProperty[]): RoleFault {
  const own = properties.find((each) => each.name === property);
  const desired = properties.filter((each) => each.side === 'desired').map((each) => each.name);
  const takes =
    desired.length === 0 ? 'nothing can be desired of this role' : `it takes ${desired.join(', ')}`;
  return {
    code: 'DEVICE_UNKNOWN_PROPERTY',
    message:
      own === undefined
        ? `there is no property ${property}; ${takes}`
        : `${property} is only reported; ${takes}`,
    property,
  };
}

/** A rule of the configuration that was, or would have been, broken. */
export function ruleFault(message: string, property?: string): RoleFault {
  return { code: 'DEVICE_RULE', message, ...(property === undefined ? {} : { property }) };
}

/** A failure of a line or of another member, with its own code. */
export function failure(error: unknown, property?: string): RoleFault {
  return {
    code: codeOf(error),
    message: messageOf(error),
    ...(property === undefined ? {} : { property }),
  };
}

function codeOf(error: unknown): string {
  if (error instanceof HalError) return error.code;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'HAL_IO';
}
