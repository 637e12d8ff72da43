// An `up` takes half a minute on a busy two-core machine; a suite runs several.
jest.setTimeout(300_000);
