namespace DmaBuf.Buffers;

/// <summary>Tells one view from all others of its buffer.</summary>
/// <param name="Place">Where it is among those that are open.</param>
/// <param name="Number">Which of the views that had the place.</param>
internal readonly record struct BufferViewId(int Place, uint Number);

/// <summary>
/// The views of one buffer that are open. A view is a place and a number that changes when the place is given back, so
/// that a copy of a view, which C# cannot forbid, ends nothing a second time. The owner locks.
/// </summary>
internal struct OpenViews
{
    /// <summary>An odd number belongs to an open view, an even one is free.</summary>
    private uint[]? _numbers;

    /// <summary>Opens a view. Only a place that was never needed before is allocated.</summary>
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

    /// <summary>Ends a view. False where it has ended before.</summary>
    public readonly bool TryEnd(BufferViewId view)
    {
        if (!IsOpen(view))
            return false;
        _numbers![view.Place]++;
        return true;
    }
}
