using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// Reads the events of several channels in the order in which they happened. Used under the table's lock.
/// </summary>
internal sealed class ChannelEvents(ChannelTable table)
{
    private const int MostEnded = 16;
    private readonly List<Channel> _ended = [];

    /// <summary>
    /// Keeps a channel that has ended: its last events can still be read, but not for ever where nobody does.
    /// </summary>
    public void Keep(Channel channel)
    {
        _ended.Add(channel);
        if (_ended.Count > MostEnded)
            _ended.RemoveAt(0);
    }

    /// <inheritdoc cref="ChannelTable.TakeEvent"/>
    public ChannelEvent Take(IReadOnlyList<Channel>? channels, uint wanted, WaitLimit limit)
    {
        while (true)
        {
            var next = Oldest(channels ?? table.OpenChannels, wanted, null);
            if (channels is null)
                next = Oldest(_ended, wanted, next);
            if (next is not null && next.TryTakeEvent(wanted, out var item))
                return item;
            _ended.RemoveAll(channel => channel.PendingEvents == 0);
            if (channels is not null && !channels.Any(channel => channel.IsOpen))
                throw ChannelTable.NoneIsOpen();
            table.WaitForChange(limit, "an event on a channel");
        }
    }

    /// <summary>The channel with the oldest event of some types: one of these, or the one given.</summary>
    private static Channel? Oldest(IReadOnlyList<Channel> channels, uint wanted, Channel? best)
    {
        for (var i = 0; i < channels.Count; i++)
        {
            if (channels[i].NextEvent(wanted) is { } next && !(best?.NextEvent(wanted) <= next))
                best = channels[i];
        }

        return best;
    }
}
