import type { Func } from "./func";
import type { Failure, Kind } from "./kind";
import type { Known, Properties } from "./values";

/** A call as scripted faults know it. */
export interface Call {
  readonly operation: "create" | "read" | "update" | "delete" | "invoke";
  /** Type token of a resource or function. */
  readonly type: string;
  /** Name in the program; a function's token. */
  readonly name: string;
}

/** A provider that has its configuration. */
export interface Connection<B> {
  readonly backend: B;
  /** Wraps every call that reaches the backend: the simulated world plays its scripted faults here. */
  around<T>(call: Call, work: () => Promise<T>): Promise<T>;
}

/** Everything the engine needs to know of a provider. */
export interface Plugin<B> {
  /** Package name: the first part of its type tokens. */
  readonly name: string;
  readonly version: string;
  readonly kinds: readonly Kind<B>[];
  /** What programs may ask of it. @default nothing */
  readonly functions?: readonly Func<B>[];
  /** Checks the provider's configuration. Values that are not known yet are left alone. */
  checkConfig(config: Properties): readonly Failure[];
  /** Connects, without asking anybody: the first call that needs the server finds out whether it is there. */
  connect(config: Known): Connection<B>;
}
