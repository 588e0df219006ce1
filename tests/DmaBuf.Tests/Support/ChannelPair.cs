using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Sharing.Channels;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Tests;

/// <summary>Two sides of a channel over a unix socket, each with its own tables, as two processes have them.</summary>
internal sealed class ChannelPair : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly ShareTable _leftShares = new();
    private readonly ShareTable _rightShares = new();

    public ChannelPair(ChannelOptions? left = null, ChannelOptions? right = null)
    {
        LeftTable = new ChannelTable(_leftShares);
        RightTable = new ChannelTable(_rightShares);
        var (one, other) = Connect();
        var opening = Task.Run(() => LeftTable.Open(one, left ?? new ChannelOptions(), Limit));
        using var limit = NewLimit();
        Right = RightTable.Open(other, right ?? new ChannelOptions(), limit);
        Left = opening.GetAwaiter().GetResult();
    }

    /// <summary>A limit for the test's own thread.</summary>
    public WaitLimit Limit { get; } = NewLimit();

    public ChannelTable LeftTable { get; }

    public ChannelTable RightTable { get; }

    public Channel Left { get; }

    public Channel Right { get; }

    public static WaitLimit NewLimit() => new(TimeSpan.FromSeconds(60));

    /// <summary>Makes a buffer of the left side.</summary>
    public DmaBuffer NewBuffer(long size = 4096) => _leftShares.Add(Buffers.New(size));

    /// <summary>Publishes a new buffer on the left, and returns both sides of it.</summary>
    public (ExportedShare Exported, ImportedShare Imported) Publish(long size = 4096, ShareMetadata? metadata = null)
    {
        var exported = Left.Publish(NewBuffer(size), metadata, Limit);
        return (exported, (ImportedShare)Next(RightTable, ChannelEventType.Published).Share!);
    }

    /// <summary>The right side's import of a share.</summary>
    public DmaBuffer Import(ImportedShare share) => share.Import(ImportMethod.Any, Limit);

    /// <summary>Waits for the next event, which must be of this type.</summary>
    public ChannelEvent Next(ChannelTable table, ChannelEventType type)
    {
        var next = table.TakeEvent([table == LeftTable ? Left : Right], [], Limit);
        Xunit.Assert.Equal(type, next.Type);
        return next;
    }

    public (ByteStream, ByteStream) Connect()
    {
        var path = _folder.File("channel");
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{path}"));
        using var limit = NewLimit();
        var one = StreamConnector.Connect(Endpoint.Parse($"unix:{path}"), limit);
        return (one, listener.Accept(limit));
    }

    public void Dispose()
    {
        LeftTable.Dispose();
        RightTable.Dispose();
        _leftShares.Dispose();
        _rightShares.Dispose();
        Limit.Dispose();
        _folder.Dispose();
    }
}
