using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DmaBuf.Sharing.Channels;

/// <summary>Makes the ids of one side's shares. For one thread at a time.</summary>
internal sealed class ShareIdSource
{
    private const int RandomSize = 12;

    /// <summary>
    /// The random bytes of many ids: a call to the generator for each would be much of the time that publishing takes.
    /// </summary>
    private readonly byte[] _random = new byte[64 * RandomSize];

    private int _used;
    private ushort _counter;

    public ShareIdSource() => _used = _random.Length;

    /// <summary>Makes an id that was never there before.</summary>
    public ShareId Next(ushort domain)
    {
        if (_used == _random.Length)
        {
            RandomNumberGenerator.Fill(_random);
            _used = 0;
        }

        Span<byte> id = stackalloc byte[4 + RandomSize];
        BinaryPrimitives.WriteUInt16BigEndian(id, domain);
        BinaryPrimitives.WriteUInt16BigEndian(id[2..], _counter++);
        var random = _random.AsSpan(_used, RandomSize);
        random.CopyTo(id[4..]);
        random.Clear();
        _used += RandomSize;
        return new ShareId(BinaryPrimitives.ReadUInt128BigEndian(id));
    }
}
