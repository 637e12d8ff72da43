export { Repository, type RepositoryArgs } from "./repository";
export { planRepository, type RepositoryShape, secretName, type Visibility } from "./repository.plan";
