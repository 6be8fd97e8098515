/** The roles that a thing may have, by name. */
import type { AnyRoleDefinition } from './contract.js';
import { led } from './led.js';
import { lightController } from './light-controller.js';
import { publisher } from './publisher.js';
import { subscriber } from './subscriber.js';
import { trafficLight } from './traffic-light.js';

export * from './contract.js';

export const ROLES: ReadonlyMap<string, AnyRoleDefinition> = new Map(
  [trafficLight, lightController, led, publisher, subscriber].map((role: AnyRoleDefinition) => [
    role.name,
    role,
  ]),
);
