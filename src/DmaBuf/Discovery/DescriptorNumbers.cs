using System.Collections.ObjectModel;

namespace DmaBuf.Discovery;

/// <summary>A list of descriptors whose text is their numbers, for tables, CSV files and messages.</summary>
internal sealed class DescriptorNumbers(IEnumerable<int> numbers) : ReadOnlyCollection<int>([.. numbers])
{
    public override string ToString() => string.Join(',', this);
}
