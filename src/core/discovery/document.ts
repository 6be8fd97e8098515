/** The answer to a discovery, as AWS IoT Greengrass gives it. */

export interface Connectivity {
  /** Host name or IP address, as clients check it against the server certificate. */
  readonly host: string;
  /** MQTT port. */
  readonly port: number;
}

export interface DiscoverySource {
  readonly groupId: string;
  /** The core's thing name. */
  readonly core: string;
  /** In the order in which clients are to try them. */
  readonly connectivity: readonly Connectivity[];
  /** PEM; clients take the first. */
  readonly cas: readonly string[];
}

/** Upper and lower case are as the SDKs read them: PascalCase inside Connectivity, `thingArn`, `CAs` beside `Cores`. */
export function discoveryDocument({ groupId, core, connectivity, cas }: DiscoverySource): object {
  return {
    GGGroups: [
      {
        GGGroupId: groupId,
        Cores: [
          {
            thingArn: thingArn(core),
            Connectivity: connectivity.map(({ host, port }, at) => ({
              Id: `${host}_${at + 1}`,
              HostAddress: host,
              PortNumber: port,
              Metadata: '',
            })),
          },
        ],
        CAs: cas,
      },
    ],
  };
}

/** There is no region and no account here; the SDKs only take the name from it. */
export function thingArn(name: string): string {
  return `arn:aws:iot:local:000000000000:thing/${name}`;
}
