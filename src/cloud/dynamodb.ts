/** Doorway of `@aws-sdk/client-dynamodb` and `@aws-sdk/lib-dynamodb`, which are loaded with the first request. */
import type { AttributeDefinition, DynamoDBClient, KeySchemaElement } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Clock, messageOf } from '../../hal/index.js';
import { CloudError } from './errors.js';
import type { AwsCredentials } from './role-alias.js';

export interface TableOptions {
  readonly table: string;
  readonly region: string;
  /** URL of another server than the region's. */
  readonly endpoint?: string;
  /** Absent: the SDK's chain (environment, ~/.aws, container, instance). */
  readonly credentials?: () => Promise<AwsCredentials>;
  /** Creates the table, on demand billing, when it is missing. */
  readonly create: boolean;
  readonly clock: Clock;
}

export type Item = Readonly<Record<string, string | number>>;

/** Time in ms for one request. */
const REQUEST_LIMIT_MS = 10_000;
/** Between two looks at a table that is being created, ms; and looks at most. */
const CREATING_MS = 250;
const CREATING_LOOKS = 480;

interface Clients {
  readonly sdk: typeof import('@aws-sdk/client-dynamodb');
  readonly lib: typeof import('@aws-sdk/lib-dynamodb');
  readonly client: DynamoDBClient;
  readonly documents: DynamoDBDocumentClient;
}

/** One table with hash key `Time`. Every method rejects with what the service said; nothing is tried again here. */
export class Table {
  #clients: Promise<Clients> | undefined;

  constructor(private readonly options: TableOptions) {}

  /** Writes the item. Gives the one that has its key already; undefined: none had. A missing table is created if allowed. */
  async put(item: Item, signal: AbortSignal): Promise<Item | undefined> {
    const { sdk } = await this.#open();
    try {
      return await this.#put(item, signal);
    } catch (error) {
      if (!(error instanceof sdk.ResourceNotFoundException)) throw error;
      await this.#create(signal);
      return this.#put(item, signal);
    }
  }

  async close(): Promise<void> {
    const clients = await this.#clients?.catch(() => undefined);
    this.#clients = undefined;
    clients?.documents.destroy();
    clients?.client.destroy();
  }

  async #put(item: Item, signal: AbortSignal): Promise<Item | undefined> {
    const { sdk, lib, documents } = await this.#open();
    const { table } = this.options;
    try {
      await documents.send(
        new lib.PutCommand({
          TableName: table,
          Item: item,
          ConditionExpression: 'attribute_not_exists(#key)',
          ExpressionAttributeNames: { '#key': 'Time' },
        }),
        { abortSignal: limited(signal) },
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof sdk.ConditionalCheckFailedException)) throw error;
    }
    const found = await documents.send(
      new lib.GetCommand({ TableName: table, Key: { Time: item.Time }, ConsistentRead: true }),
      { abortSignal: limited(signal) },
    );
    // gone between the two requests: the next attempt finds the key free
    if (found.Item === undefined)
      throw new Error(`the item at ${item.Time} was there and is not; tried again`);
    return found.Item;
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { sdk, client } = await this.#open();
    const { table, region, create, clock } = this.options;
    if (!create) {
      throw new CloudError(
        'CLOUD_TABLE',
        `DynamoDB table ${table} does not exist in ${region}; create it with hash key Time (string) or allow it with create: true`,
      );
    }
    try {
      await client.send(
        new sdk.CreateTableCommand({
          TableName: table,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: KEY_SCHEMA,
          AttributeDefinitions: KEY_ATTRIBUTES,
        }),
        { abortSignal: limited(signal) },
      );
    } catch (error) {
      // someone else, or an earlier attempt of ours, creates it at this moment
      if (!(error instanceof sdk.ResourceInUseException)) throw error;
    }
    for (let look = 0; look < CREATING_LOOKS; look++) {
      // not destructured: TypeScript 7.0.2 renames a member that is called as the class is
      const described = await client.send(new sdk.DescribeTableCommand({ TableName: table }), {
        abortSignal: limited(signal),
      });
      if (described.Table?.TableStatus === 'ACTIVE') return;
      await clock.sleep(CREATING_MS, signal);
    }
    throw new CloudError('CLOUD_TABLE', `DynamoDB table ${table} is not active after two minutes`);
  }

  #open(): Promise<Clients> {
    this.#clients ??= this.#load().catch((error: unknown) => {
      this.#clients = undefined;
      throw error;
    });
    return this.#clients;
  }

  async #load(): Promise<Clients> {
    const { region, endpoint, credentials } = this.options;
    const [sdk, lib] = await Promise.all([
      import('@aws-sdk/client-dynamodb'),
      import('@aws-sdk/lib-dynamodb'),
    ]);
    const client = new sdk.DynamoDBClient({
      region,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials !== undefined && { credentials }),
      // the spool tries again, with a wait that is seen in status
      maxAttempts: 1,
    });
    return { sdk, lib, client, documents: lib.DynamoDBDocumentClient.from(client) };
  }
}

const KEY_SCHEMA: KeySchemaElement[] = [{ AttributeName: 'Time', KeyType: 'HASH' }];
const KEY_ATTRIBUTES: AttributeDefinition[] = [{ AttributeName: 'Time', AttributeType: 'S' }];

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]);
}

/** One sentence of what the SDK threw: its messages alone often do not say what it was. */
export function describeAwsError(error: unknown): string {
  const { name } = error as { name?: string };
  const message = messageOf(error);
  return name === undefined || name === 'Error' || message.startsWith(name) ? message : `${name}: ${message}`;
}
