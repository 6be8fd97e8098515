/** PWM and servo pulses by the kernel's own PWM hardware, for the drivers that have none. */
export { KernelPwm, type KernelPwmDeps } from './kernel.js';
export { checkPulseWidth, SERVO_US, servoOverPwm } from './servo.js';
