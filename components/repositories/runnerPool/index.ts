export { RunnerPool, type RunnerPoolArgs, type RunnerHost } from "./runnerPool";
export { planRunnerPool, type RunnerPoolPlan, type RunnerPoolShape } from "./runnerPool.plan";
