import { Client, credentials } from "@grpc/grpc-js";

/**
 * Sets policies over the server's Unix socket: the same call as the REST API's, without the 60 ms of CPU that the server
 * spends on the API key of every request.
 */
export class PolicySetter {
  private readonly client: Client;

  constructor(socket: string) {
    this.client = new Client(`unix://${socket}`, credentials.createInsecure());
  }

  /** Returns why the server refuses the policy, undefined when it does not. */
  set(policy: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.client.makeUnaryRequest(
        "/headscale.v1.HeadscaleService/SetPolicy",
        encodeText,
        (answer: Buffer) => answer.length,
        policy,
        { deadline: Date.now() + 20_000 },
        (error) => {
          resolve(error?.details);
        },
      );
    });
  }

  close(): void {
    this.client.close();
  }
}

/** A protobuf message whose first field is a text: proto/headscale/v1/policy.proto, SetPolicyRequest. */
function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  for (let left = bytes.length; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([Buffer.from([10, ...length]), bytes]);
}
