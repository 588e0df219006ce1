using System.Buffers.Binary;
using DmaBuf.Guests;
using DmaBuf.Interop;

namespace DmaBuf.Sharing.Channels;

/// <summary>Writes messages, little-endian, into an outbox.</summary>
internal sealed class MessageWriter(Outbox outbox)
{
    private readonly byte[] _message = new byte[MessageLimits.Header + MessageLimits.Body];
    private int _length;

    /// <summary>The first message.</summary>
    public void Hello(in Hello hello)
    {
        Begin(MessageType.Hello);
        Write(Channels.Hello.Magic);
        Write(hello.Version);
        Write(hello.OldestVersion);
        Write(hello.Domain);
        Write((ushort)hello.Pages);
        Write(hello.PageSize);
        Write(hello.MaxShares);
        End();
    }

    /// <summary>A message without a body.</summary>
    public void Bye()
    {
        Begin(MessageType.Bye);
        End();
    }

    /// <summary>Why this side ends the channel.</summary>
    public void Error(string text)
    {
        Begin(MessageType.Error);
        Write(text, MessageLimits.Text);
        End();
    }

    /// <summary>A new share.</summary>
    public void Publish(ShareId id, long size, ShareMetadata metadata)
    {
        Begin(MessageType.Publish, id);
        Write((ulong)size);
        Write(metadata);
        End();
    }

    /// <summary>A share's metadata.</summary>
    public void Update(ShareId id, ShareMetadata metadata)
    {
        Begin(MessageType.Update, id);
        Write(metadata);
        End();
    }

    /// <summary>No new imports after the delay.</summary>
    public void Unpublish(ShareId id, uint delayMilliseconds)
    {
        Begin(MessageType.Unpublish, id);
        Write(delayMilliseconds);
        End();
    }

    /// <summary>The pages come as a descriptor with the next byte. The outbox takes the descriptor over.</summary>
    public void Pages(ShareId id, uint serial, FileDescriptor descriptor)
    {
        Begin(MessageType.Pages, id);
        Write(serial);
        Write((uint)PageKinds.Descriptor);
        End();
        outbox.Append(descriptor);
    }

    /// <summary>Grant references for all pages, in as many messages as they need.</summary>
    public void Pages(ShareId id, uint serial, ushort domain, IReadOnlyList<uint> refs)
    {
        for (var first = 0; first < refs.Count; first += MessageLimits.RefsPerMessage)
        {
            var count = Math.Min(MessageLimits.RefsPerMessage, refs.Count - first);
            Begin(MessageType.Pages, id);
            Write(serial);
            Write((uint)PageKinds.GrantRefs);
            Write((uint)domain);
            Write((uint)refs.Count);
            Write((uint)first);
            for (var i = 0; i < count; i++)
                Write(refs[first + i]);
            End();
        }
    }

    /// <summary>A guest's page frames, in as many messages as their ranges need.</summary>
    public void Pages(ShareId id, uint serial, GuestPages pages)
    {
        for (var first = 0; first < pages.Ranges.Count; first += MessageLimits.RangesPerMessage)
        {
            var count = Math.Min(MessageLimits.RangesPerMessage, pages.Ranges.Count - first);
            Begin(MessageType.Pages, id);
            Write(serial);
            Write((uint)PageKinds.GuestPages);
            Write((uint)pages.FrameSize);
            Write((uint)pages.Ranges.Count);
            Write((uint)first);
            for (var i = 0; i < count; i++)
            {
                Write(pages.Ranges[first + i].First);
                Write(pages.Ranges[first + i].Count);
            }

            End();
        }
    }

    /// <summary>The answer that refuses.</summary>
    public void Refused(ShareId id, uint serial, RefusalReason reason, string text)
    {
        Begin(MessageType.Refused, id);
        Write(serial);
        Write((ushort)reason);
        Write(text, MessageLimits.Text);
        End();
    }

    /// <summary>Asks to use the buffer.</summary>
    public void Acquire(ShareId id, uint serial, bool write)
    {
        Begin(MessageType.Acquire, id);
        Write(serial);
        Write(write ? 1u : 0u);
        End();
    }

    /// <summary>Could not use the pages.</summary>
    public void ImportFailed(ShareId id, string text)
    {
        Begin(MessageType.ImportFailed, id);
        Write(text, MessageLimits.Text);
        End();
    }

    /// <summary>A message about a share with a number.</summary>
    public void Short(MessageType type, ShareId id, uint serial)
    {
        Begin(type, id);
        Write(serial);
        End();
    }

    /// <summary>A message about a share.</summary>
    public void Short(MessageType type, ShareId id)
    {
        Begin(type, id);
        End();
    }

    private void Begin(MessageType type)
    {
        _length = 0;
        Write((ushort)type);
        Write((ushort)0);
        Write(0u);
    }

    private void Begin(MessageType type, ShareId id)
    {
        Begin(type);
        BinaryPrimitives.WriteUInt128LittleEndian(Room(16), id.Value);
    }

    private void End()
    {
        BinaryPrimitives.WriteInt32LittleEndian(_message.AsSpan(4), _length - MessageLimits.Header);
        outbox.Append(_message.AsSpan(0, _length));
    }

    private void Write(ShareMetadata metadata)
    {
        Write(metadata.Name, ShareMetadata.MaxNameBytes);
        Write((ushort)metadata.PrivateData.Length);
        metadata.PrivateData.Span.CopyTo(Room(metadata.PrivateData.Length));
        var planes = metadata.Picture?.Planes ?? [];
        Write((ushort)planes.Count);
        if (metadata.Picture is not { } picture)
            return;
        Write((uint)picture.Width);
        Write((uint)picture.Height);
        Write(picture.FourCC.Value);
        Write(picture.Modifier);
        for (var i = 0; i < planes.Count; i++)
        {
            Write((ulong)planes[i].Offset);
            Write((uint)planes[i].Stride);
        }
    }

    /// <summary>A text as its number of bytes and UTF-8, cut at the limit.</summary>
    private void Write(string text, int most)
    {
        var count = 0;
        var bytes = _message.AsSpan(_length + sizeof(ushort), most);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!rune.TryEncodeToUtf8(bytes[count..], out var written))
                break;
            count += written;
        }

        Write((ushort)count);
        _length += count;
    }

    private void Write(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Room(sizeof(ushort)), value);

    private void Write(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Room(sizeof(uint)), value);

    private void Write(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Room(sizeof(ulong)), value);

    private Span<byte> Room(int count)
    {
        _length += count;
        return _message.AsSpan(_length - count, count);
    }
}
