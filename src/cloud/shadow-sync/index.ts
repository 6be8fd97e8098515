/**
 * Shadows of the site and of AWS IoT in step. merge3: the rule, pure; cloud-shadow: the far side over MQTT; row: what is
 * remembered; step: bringing one shadow together once; service: when, and how often.
 */
export { ShadowSync, type ShadowSyncOptions, type SyncedShadow } from './service.js';
export { BY as SHADOW_SYNC, type Direction, type LocalShadows } from './step.js';
