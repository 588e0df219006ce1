using Xunit;

// The tests count this process's descriptors and list its buffers, so no two of them may run at once.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
