namespace DmaBuf.Buffers;

/// <summary>
/// A view that stays open while a device uses the buffer by its address in this process. A <see cref="BufferView"/>
/// cannot be kept in a field.
/// </summary>
internal sealed unsafe class HeldView : IDisposable
{
    private readonly DmaBuffer _buffer;
    private readonly Mapping _mapping;
    private readonly BufferViewId _id;

    internal HeldView(DmaBuffer buffer, Mapping mapping, BufferViewId id)
    {
        _buffer = buffer;
        _mapping = mapping;
        _id = id;
    }

    /// <summary>The address of the buffer's first byte.</summary>
    public nuint Address => (nuint)_mapping.Address;

    /// <summary>Ends the view. Idempotent.</summary>
    public void Dispose() => _buffer.EndView(BufferAccess.ReadWrite, _id);
}
