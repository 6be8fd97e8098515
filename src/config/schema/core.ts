/** Settings of the core on this machine. */
import { HOST, LISTEN_PORT, NAME, section, term } from './terms.js';

export const CORE = section(
  'The core on this machine: message manager, certificates, discovery, shadows. Absent: this machine only carries things.',
  {
    thingName: term(NAME, {
      description: 'Name of the core. Letters, digits, ":", "_" and "-", at most 128.',
      default: 'Greenlight_Core',
      env: 'GREENLIGHT_CORE_THING_NAME',
    }),
    advertise: {
      type: 'array',
      items: HOST,
      minItems: 1,
      maxItems: 32,
      uniqueItems: true,
      description:
        'Host names and addresses in discovery and in the server certificate; `auto` stands for those that this machine has at the moment. In the variable separated by commas.',
      default: ['127.0.0.1'],
      env: 'GREENLIGHT_CORE_ADVERTISE',
    },
    mqtt: section(
      'MQTT over mutual TLS.',
      {
        host: term(HOST, {
          description: 'Address to listen on; 0.0.0.0 for every IPv4 interface.',
          default: '127.0.0.1',
          env: 'GREENLIGHT_CORE_MQTT_HOST',
        }),
        port: term(LISTEN_PORT, { default: 8883, env: 'GREENLIGHT_CORE_MQTT_PORT' }),
      },
      { default: {} },
    ),
    discovery: section(
      'Discovery over HTTPS.',
      {
        host: term(HOST, {
          description: 'Address to listen on; 0.0.0.0 for every IPv4 interface.',
          default: '127.0.0.1',
          env: 'GREENLIGHT_CORE_DISCOVERY_HOST',
        }),
        port: term(LISTEN_PORT, { default: 8443, env: 'GREENLIGHT_CORE_DISCOVERY_PORT' }),
        alsoPort: term(LISTEN_PORT, {
          description: 'A second port for clients that are fixed on another, such as 443. Absent: none.',
          env: 'GREENLIGHT_CORE_DISCOVERY_ALSO_PORT',
        }),
        mdns: {
          type: 'boolean',
          description:
            'Announce the core on the local network by multicast DNS, on the interface of `host`, with the addresses of `core.advertise`.',
          default: false,
          env: 'GREENLIGHT_CORE_DISCOVERY_MDNS',
        },
      },
      { default: {} },
    ),
    shadow: section(
      'Device shadows.',
      {
        sizeLimit: {
          type: 'integer',
          minimum: 1,
          maximum: 30_720,
          description: "Bytes that a shadow's state may have.",
          default: 8_192,
          env: 'GREENLIGHT_CORE_SHADOW_SIZE_LIMIT',
        },
      },
      { default: {} },
    ),
    limits: section(
      'What a message may be at most; the defaults are those of AWS IoT Greengrass.',
      {
        messageBytes: {
          type: 'integer',
          minimum: 1_024,
          maximum: 1_048_576,
          description: 'Bytes of its payload. Requests to the shadow service keep to 131072.',
          default: 131_072,
          env: 'GREENLIGHT_CORE_LIMITS_MESSAGE_BYTES',
        },
        topicBytes: {
          type: 'integer',
          minimum: 16,
          maximum: 65_535,
          description: 'Bytes of its topic, and of the subject of a subscription.',
          default: 256,
          env: 'GREENLIGHT_CORE_LIMITS_TOPIC_BYTES',
        },
        topicSlashes: {
          type: 'integer',
          minimum: 1,
          maximum: 127,
          description: 'Slashes in its topic; those of `$aws/rules/NAME/` do not count.',
          default: 7,
          env: 'GREENLIGHT_CORE_LIMITS_TOPIC_SLASHES',
        },
      },
      { default: {} },
    ),
    certificates: section(
      'Certificates that the core issues.',
      {
        deviceDays: {
          type: 'integer',
          minimum: 1,
          maximum: 9_125,
          description: "Days that a thing's certificate is valid.",
          default: 3_650,
          env: 'GREENLIGHT_CORE_CERTIFICATES_DEVICE_DAYS',
        },
        serverDays: {
          type: 'integer',
          minimum: 1,
          maximum: 3_650,
          description: 'Days that the server certificate is valid; it is renewed before.',
          default: 30,
          env: 'GREENLIGHT_CORE_CERTIFICATES_SERVER_DAYS',
        },
        overlapDays: {
          type: 'integer',
          minimum: 0,
          maximum: 365,
          description:
            'Days that a certificate is good after `thing renew`, while the new one has not been shown; 0: it ends at once.',
          default: 30,
          env: 'GREENLIGHT_CORE_CERTIFICATES_OVERLAP_DAYS',
        },
      },
      { default: {} },
    ),
  },
);
