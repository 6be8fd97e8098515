/** The roles that a thing may have, by name. A new one is a file here, a line below, and a test. */
import { button } from './button.js';
import { carCounter } from './car-counter.js';
import { climate } from './climate.js';
import type { AnyRoleDefinition } from './contract.js';
import { distance } from './distance.js';
import { led } from './led.js';
import { lightController } from './light-controller.js';
import { motion } from './motion.js';
import { publisher } from './publisher.js';
import { relay } from './relay.js';
import { servo } from './servo.js';
import { subscriber } from './subscriber.js';
import { latchingSwitch } from './switch.js';
import { trafficLight } from './traffic-light.js';

export * from './contract.js';

export const ROLES: ReadonlyMap<string, AnyRoleDefinition> = new Map(
  [
    trafficLight,
    lightController,
    carCounter,
    led,
    relay,
    servo,
    button,
    latchingSwitch,
    motion,
    climate,
    distance,
    publisher,
    subscriber,
  ].map((role: AnyRoleDefinition) => [role.name, role]),
);
