namespace DmaBuf.Buffers;

/// <summary>Identifies one view of a buffer.</summary>
/// <param name="Place">Its place among the open views.</param>
/// <param name="Number">Distinguishes it from other views that have used the place.</param>
internal readonly record struct BufferViewId(int Place, uint Number);

/// <summary>
/// The open views of one buffer. A view is a place and a number that changes when the place is freed, so that a copy of
/// a view, which C# cannot forbid, does not end the view a second time. The owner holds a lock.
/// </summary>
internal struct OpenViews
{
    /// <summary>An odd number belongs to an open view, an even one is free.</summary>
    private uint[]? _numbers;

    /// <summary>Opens a view. Allocates only when more views are open than ever before.</summary>
    public BufferViewId Open()
    {
        _numbers ??= new uint[4];
        var place = 0;
        while (place < _numbers.Length && (_numbers[place] & 1) != 0)
            place++;
        if (place == _numbers.Length)
            Array.Resize(ref _numbers, 2 * place);
        return new BufferViewId(place, ++_numbers[place]);
    }

    /// <summary>Whether a view is open.</summary>
    public readonly bool IsOpen(BufferViewId view) => _numbers?[view.Place] == view.Number;

    /// <summary>Ends a view. False if it has ended already.</summary>
    public readonly bool TryEnd(BufferViewId view)
    {
        if (!IsOpen(view))
            return false;
        _numbers![view.Place]++;
        return true;
    }
}
