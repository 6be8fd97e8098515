/** Settings of how things reach a core elsewhere. */
import { AMAZON_CA, FILE_PATH, HOST, REGION, REMOTE_PORT, section, TRANSPORT, term } from './terms.js';

export const CONNECT = section(
  "How this machine's things reach a core elsewhere: one of `discovery`, `greengrass` and `awsIot`. Absent: they use the core on this machine.",
  {
    discovery: section(
      'By the discovery of a core of this kind.',
      {
        host: term(HOST, {
          description:
            'Host name or address of the core; `mdns`: a core of the group that announces itself on the local network, found by `ca`.',
          env: 'GREENLIGHT_CONNECT_DISCOVERY_HOST',
        }),
        port: term(REMOTE_PORT, { default: 8443, env: 'GREENLIGHT_CONNECT_DISCOVERY_PORT' }),
        ca: term(FILE_PATH, {
          description: "File with the group's CA (`root.ca.pem`); relative to the configuration file.",
          env: 'GREENLIGHT_CONNECT_DISCOVERY_CA',
        }),
      },
      { required: ['host', 'ca'] },
    ),
    greengrass: section(
      'By the discovery of AWS IoT Greengrass: `region` or `endpoint` says where it is asked.',
      {
        region: term(REGION, {
          description: 'Region of the account, such as eu-central-1.',
          env: 'GREENLIGHT_CONNECT_GREENGRASS_REGION',
        }),
        endpoint: term(HOST, {
          description: 'Host name of the discovery server; counts before the region.',
          env: 'GREENLIGHT_CONNECT_GREENGRASS_ENDPOINT',
        }),
        port: term(REMOTE_PORT, { default: 8443, env: 'GREENLIGHT_CONNECT_GREENGRASS_PORT' }),
        ca: term(FILE_PATH, {
          description: `File with the CA of the discovery server; ${AMAZON_CA}`,
          env: 'GREENLIGHT_CONNECT_GREENGRASS_CA',
        }),
      },
    ),
    awsIot: section(
      'AWS IoT Core itself, without a core.',
      {
        endpoint: term(HOST, {
          description: 'Host name of the AWS IoT data endpoint of the account.',
          env: 'GREENLIGHT_CONNECT_AWS_IOT_ENDPOINT',
        }),
        port: term(REMOTE_PORT, { default: 8883, env: 'GREENLIGHT_CONNECT_AWS_IOT_PORT' }),
        ca: term(FILE_PATH, {
          description: `File with the CA of the endpoint; ${AMAZON_CA}`,
          env: 'GREENLIGHT_CONNECT_AWS_IOT_CA',
        }),
      },
      { required: ['endpoint'] },
    ),
    transport: term(TRANSPORT, { default: 'mqtt', env: 'GREENLIGHT_CONNECT_TRANSPORT' }),
    certificates: term(FILE_PATH, {
      description:
        'Folder with NAME.cert.pem and NAME.private.key of each thing; relative to the configuration file.',
      env: 'GREENLIGHT_CONNECT_CERTIFICATES',
    }),
  },
  { required: ['certificates'] },
);
