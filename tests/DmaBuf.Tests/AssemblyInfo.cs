using Xunit;

// The tests count this process's descriptors, so no two of them may run at once.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
