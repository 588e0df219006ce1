using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Completes the names of this machine's dma-heaps.</summary>
public sealed class HeapCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        DmaHeapAllocator.HeapNames()
            .Where(heap => heap.StartsWith(wordToComplete ?? "", StringComparison.Ordinal))
            .Select(heap => new CompletionResult(heap));
}
